import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "./cave.ts";

test("one sample at once, then one every telemetry interval, however often the sensor is read", async () => {
  const { clock, samples, end } = build({ telemetryInterval: 12 });
  await clock.advance(36_500);
  await end();
  assert.deepEqual(
    samples.map(({ sample }) => sample.sampledAt - clock.now() + clock.monotonic()),
    [0, 12_000, 24_000, 36_000],
  );
});

test("an alert that comes or goes makes an urgent sample at once", async () => {
  const { clock, air, samples, end } = build({ telemetryInterval: 3600 });
  await clock.advance(1000);
  air.temperature = 14;
  await clock.advance(5000);
  air.temperature = 12;
  await clock.advance(15_000);
  await end();
  assert.deepEqual(
    samples.map(({ sample, urgent }) => [sample.alerts.temperature, urgent]),
    [
      [false, false],
      [true, true],
      [false, true],
    ],
  );
});

test("air at the edge of its band neither floods the hub nor puts off the regular samples", async () => {
  const { clock, air, samples, end } = build({ telemetryInterval: 30 });
  for (let second = 0; second < 120; second += 5) {
    air.temperature = second % 10 === 0 ? 13.02 : 12.98;
    await clock.advance(5000);
  }
  await end();
  assert.ok(samples.length <= 4 + 12, `${samples.length} samples`);
  const start = clock.now() - clock.monotonic();
  const times = samples.map(({ sample }) => sample.sampledAt - start);
  for (const beat of [0, 30_000, 60_000, 90_000]) assert.ok(times.includes(beat), `${beat} in ${times}`);
});

test("a shorter interval takes effect at the next reading", async () => {
  const { clock, samples, settings, end } = build({ telemetryInterval: 3600 });
  await clock.advance(10_000);
  settings.telemetryInterval = 5;
  await clock.advance(20_000);
  await end();
  assert.ok(samples.length >= 4, `${samples.length} samples`);
});

test("a fan that failed while the sensor was silent is told as soon as there is a sample", async () => {
  const { clock, air, fan, samples, end } = build({ telemetryInterval: 600 });
  await clock.advance(1000);
  air.fault = "NACK";
  fan.breakDown();
  await fan.set(true).catch(() => undefined);
  await clock.advance(20_000);
  air.fault = "";
  await clock.advance(10_000);
  await end();
  assert.deepEqual([samples.at(-1)?.sample.alerts.fan, samples.at(-1)?.urgent], [true, true]);
});
