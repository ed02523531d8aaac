import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SETTING_RULES } from "#agent/cave/settings.js";
import {
  type ComplexSchema,
  checkReported,
  checkResponse,
  checkTelemetry,
  contentsOf,
  isRecord,
  type Named,
  PRIMITIVES,
  readModel,
  type Schema,
} from "../support/dtdl.ts";

const model = await readModel();

/** Semantic types that the model uses and the units that DTDL v2 gives them (section Semantic Type). */
const UNITS = new Map([
  ["Temperature", "degreeCelsius"],
  ["RelativeHumidity", "percent"],
  ["TimeSpan", "second"],
]);

const MODEL_ID = /^dtmi:[A-Za-z](\w*[A-Za-z0-9])?(:[A-Za-z](\w*[A-Za-z0-9])?)*;[1-9]\d{0,8}$/;
const NAME = /^[A-Za-z](\w*[A-Za-z0-9])?$/;

function* everyRecord(value: unknown): Generator<Record<string, unknown>> {
  if (Array.isArray(value)) for (const item of value) yield* everyRecord(item);
  if (!isRecord(value)) return;
  yield value;
  for (const item of Object.values(value)) yield* everyRecord(item);
}

function resolve(schema: Schema): ComplexSchema | undefined {
  return typeof schema === "string" ? model.schemas?.find((known) => known["@id"] === schema) : schema;
}

function depthOf(schema: Schema): number {
  const complex = resolve(schema);
  if (!complex) return 0;
  if (complex["@type"] === "Enum") return 1;
  if (complex["@type"] === "Array") return 1 + depthOf(complex.elementSchema);
  return 1 + Math.max(...complex.fields.map((field) => depthOf(field.schema)));
}

function assertUnique(values: unknown[]): void {
  assert.deepEqual(values, [...new Set(values)]);
}

describe("the model", () => {
  const schemas = [...everyRecord(model)].flatMap(({ schema }) =>
    schema === undefined ? [] : [schema as Schema],
  );

  it("is a DTDL v2 interface with its own id", () => {
    assert.equal(model["@context"], "dtmi:dtdl:context;2");
    assert.equal(model["@type"], "Interface");
    assert.equal(model["@id"], "dtmi:cheesecave:CaveGateway;1");
  });

  it("has valid ids and names, none twice in its place, and texts that are not too long", () => {
    const ids: unknown[] = [];
    for (const record of everyRecord(model)) {
      if ("@id" in record) ids.push(record["@id"]);
      if ("name" in record) {
        assert.match(String(record.name), NAME);
        assert.ok(String(record.name).length <= 64);
      }
      assert.ok(String(record.displayName ?? "").length <= 64);
      assert.ok(String(record.description ?? "").length <= 512);
    }
    for (const id of ids) assert.match(String(id), MODEL_ID);
    assertUnique(ids);
    assertUnique(model.contents.map(({ name }) => name));
    for (const complex of [...everyRecord(model)]) {
      for (const list of [complex.fields, complex.enumValues]) {
        if (Array.isArray(list)) assertUnique((list as Named[]).map(({ name }) => name));
      }
      if (Array.isArray(complex.enumValues)) {
        assertUnique((complex.enumValues as { enumValue: unknown }[]).map(({ enumValue }) => enumValue));
      }
    }
  });

  it("uses only schemas that exist, at most 5 deep, and every schema that it defines", () => {
    for (const schema of schemas) {
      assert.ok(resolve(schema) ?? PRIMITIVES.has(String(schema)), String(schema));
      assert.ok(depthOf(schema) <= 5);
    }
    for (const { "@id": id } of model.schemas ?? [])
      assert.ok(schemas.includes(id ?? ""), `${id} is not used`);
  });

  it("has a unit exactly where it has a semantic type, and the right one", () => {
    for (const { "@type": type, name, unit, schema } of model.contents) {
      const [, semantic] = [type].flat();
      assert.equal(unit, semantic && (UNITS.get(semantic) ?? assert.fail(`${name}: ${semantic}`)), name);
      if (semantic) assert.equal(schema, "double");
    }
  });

  it("has exactly the settings as writable properties", () => {
    const writable = contentsOf(model, "Property").filter((property) => property.writable);
    assert.deepEqual(
      writable.map(({ name }) => name),
      Object.keys(SETTING_RULES),
    );
  });
});

describe("checkTelemetry", () => {
  const good = { temperature: 11.87, humidity: 91.4, source: "sht31", sequence: 48213 };

  it("passes what fits", () => {
    assert.deepEqual(checkTelemetry(model, good), []);
    assert.deepEqual(checkTelemetry(model, { ...good, source: "simulated", sequence: 2 ** 40 }), []);
  });

  it("names what does not", () => {
    const { sequence: _, ...incomplete } = good;
    for (const [body, problem] of [
      [{ ...good, temperature: "11.87" }, /^temperature: "11.87" is no double$/],
      [{ ...good, humidity: null }, /^humidity: null is no double$/],
      [{ ...good, source: "guess" }, /^source: "guess" is none of sht31, simulated$/],
      [{ ...good, sequence: 1.5 }, /^sequence: 1.5 is no long$/],
      [{ ...good, pressure: 1013 }, /^pressure: is not in the model$/],
      [incomplete, /^sequence: is missing$/],
      [[good], /is no object$/],
    ] as const) {
      const problems = checkTelemetry(model, body);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", problem);
    }
  });
});

describe("checkReported", () => {
  it("passes acknowledgements, objects and what the hub adds", () => {
    const reported = {
      targetTemperature: { value: 11, ac: 200, av: 3, ad: "applied" },
      fanMode: { value: "auto", ac: 400, av: 3 },
      fanState: "failed",
      fanReason: "too-warm",
      sensor: { source: "simulated", state: "ok" },
      firmware: { agent: "0.1.0", node: "20.19.0", os: "linux" },
      outbox: { waiting: 0, dropped: 0 },
      lastBoot: "2024-01-01T00:00:00.000Z",
      $version: 4,
      $metadata: {},
    };
    assert.deepEqual(checkReported(model, reported), []);
    assert.deepEqual(checkReported(model, {}), []);
  });

  it("names what does not fit", () => {
    for (const [reported, problem] of [
      [{ targetTemperature: 11 }, /is no {value, ac, av, ad}$/],
      [
        { targetTemperature: { value: "11", ac: 200, av: 3 } },
        /^targetTemperature.value: "11" is no double$/,
      ],
      [{ targetTemperature: { value: 11, ac: "200", av: 3 } }, /^targetTemperature.ac: "200" is no integer$/],
      [{ targetTemperature: { value: 11, ac: 200 } }, /^targetTemperature.av: is missing$/],
      [{ targetTemperature: { value: 11, ac: 200, av: 1, at: 2 } }, /^targetTemperature.at: is not in/],
      [{ fanState: { value: "on", ac: 200, av: 1 } }, /^fanState: .* is none of on, off, failed$/],
      [{ fanState: "auto" }, /^fanState: "auto" is none of/],
      [{ sensor: { source: "sht31", state: "ok", chip: 7 } }, /^sensor.chip: is not in the model$/],
      [{ sensor: "sht31" }, /^sensor: "sht31" is no object$/],
      [{ outbox: { waiting: 2 ** 31 } }, /^outbox.waiting: 2147483648 is no integer$/],
      [{ lastBoot: "yesterday" }, /^lastBoot: "yesterday" is no dateTime$/],
      [{ temperature: 12 }, /^temperature: is not in the model$/],
      [null, /^reported: null is no object$/],
    ] as const) {
      const problems = checkReported(model, reported);
      assert.equal(problems.length, 1, JSON.stringify([reported, problems]));
      assert.match(problems[0] ?? "", problem);
    }
  });
});

describe("checkResponse", () => {
  it("takes null for a field that is not there, and nothing else that does not fit", () => {
    const good = { result: "Executed direct method: SetFanState", fanState: "on", overrideUntil: null };
    assert.deepEqual(checkResponse(model, "SetFanState", good), []);
    assert.equal(checkResponse(model, "SetFanState", { ...good, fanState: "auto" }).length, 1);
    assert.equal(checkResponse(model, "SetFanState", { ...good, until: 1 }).length, 1);
    assert.equal(checkResponse(model, "ReadSensor", null).length, 1);
    assert.equal(checkResponse(model, "Reboot", {}).length, 1);
  });
});
