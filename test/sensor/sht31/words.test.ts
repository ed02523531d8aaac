import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { humidityOf, temperatureOf } from "#agent/sensor/sht31/convert.js";
import { crc8, wordsOf } from "#agent/sensor/sht31/words.js";

const word = fc.integer({ min: 0, max: 0xffff });

function encode(...words: number[]): Uint8Array {
  return Uint8Array.from(words.flatMap((each) => [each >> 8, each & 0xff, crc8([each >> 8, each & 0xff])]));
}

describe("words on the wire", () => {
  it("have the CRC of the datasheet's example: 92 for BEEF", () => {
    assert.equal(crc8([0xbe, 0xef]), 0x92);
    assert.deepEqual(wordsOf(Uint8Array.of(0xbe, 0xef, 0x92)), [0xbeef]);
  });

  it("come through as they were sent", () => {
    fc.assert(
      fc.property(word, word, (first, second) =>
        assert.deepEqual(wordsOf(encode(first, second)), [first, second]),
      ),
    );
  });

  it("are all refused after one, two or three wrong bits, or a burst of eight, in any one of them", () => {
    const bursts = fc.record({
      at: fc.integer({ min: 0, max: 16 }),
      bits: fc.integer({ min: 1, max: 0xff }),
    });
    const scattered = fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 3 });
    const errors = fc.oneof(
      bursts.map(({ at, bits }) => bits << at),
      scattered.map((places) => places.reduce((sum, place) => sum | (1 << place), 0)),
    );
    fc.assert(
      fc.property(word, word, errors, fc.boolean(), (first, second, error, inSecond) => {
        const bytes = encode(first, second);
        const start = inSecond ? 3 : 0;
        for (const index of [0, 1, 2])
          bytes[start + index] = (bytes[start + index] ?? 0) ^ ((error >> (8 * (2 - index))) & 0xff);
        assert.equal(wordsOf(bytes), undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it("are none if bytes are missing", () => {
    const bytes = encode(0x5130, 0xe999);
    for (const length of [0, 1, 2, 4, 5]) assert.equal(wordsOf(bytes.subarray(0, length)), undefined);
  });
});

describe("conversion", () => {
  it("is that of the datasheet: divided by 65535, not 65536", () => {
    assert.deepEqual([temperatureOf(0), temperatureOf(0xffff)], [-45, 130]);
    assert.deepEqual([humidityOf(0), humidityOf(0xffff)], [0, 100]);
    assert.equal(temperatureOf(0x5130).toFixed(3), "10.500");
    assert.equal(humidityOf(0xe999).toFixed(3), "91.250");
  });
});
