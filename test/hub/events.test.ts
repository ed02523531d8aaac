import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { AgentError } from "#agent/errors.js";
import { createHubEvents } from "#agent/hub/events.js";
import type { JsonObject, MethodCall } from "#agent/hub/hub.js";
import type { Identity } from "#agent/hub/identity.js";
import { createTwinSettings } from "#agent/hub/twin.js";
import { healthDocument } from "../health/support.js";
import { SETTINGS } from "../support/cave.js";
import type { LogLine } from "../support/rig.js";

const IDENTITY: Identity = {
  deviceId: "cave-01",
  certificatePem: "",
  keyPem: "",
  thumbprint: "AB",
  notBefore: new Date(0),
  notAfter: new Date(0),
  issuer: "",
};

function setUp(onMethod: MethodCall = async () => ({ status: 200, payload: null })) {
  const lines: LogLine[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as LogLine);
  const reported: JsonObject = {};
  const events = createHubEvents({
    log: pino({ level: "info" }, { write }),
    session: {
      describe: () => healthDocument().connection,
    },
    twin: createTwinSettings(SETTINGS),
    reported: {
      set: (properties) => void Object.assign(reported, properties),
      run: async () => undefined,
      resend: () => undefined,
    },
    outboxReport: { show: () => undefined },
    onSettings: () => undefined,
    onTransition: () => undefined,
    onMethod,
    lastBoot: () => 0,
  });
  const told = () => lines.splice(0).map(({ event, setting, cause }) => [event, setting ?? cause]);
  return { events, reported, lines, told };
}

test("a setting is told when it is new, and not again at each connect", () => {
  const { events, reported, told } = setUp();
  const twin = { version: 3, properties: { targetTemperature: 11, humidityBand: 900 } };
  events.onTwin(twin, IDENTITY);
  assert.deepEqual(told(), [
    ["setting", "targetTemperature"],
    ["setting-refused", "humidityBand"],
  ]);
  events.onTwin(twin, IDENTITY);
  assert.deepEqual(told(), [["setting-refused", "humidityBand"]], "what is still wrong is said again");
  events.onDesired({ version: 4, properties: { targetTemperature: 10 } });
  assert.deepEqual(told(), [["setting", "targetTemperature"]]);
  events.onTwin({ version: 5, properties: { targetTemperature: 11 } }, IDENTITY);
  assert.deepEqual(told(), [["setting", "targetTemperature"]]);
  assert.deepEqual(reported.targetTemperature, { value: 11, ac: 200, av: 5, ad: "applied" });
});

test("a setting that went back to its default while nobody was connected is told, and its return too", () => {
  const { events, told } = setUp();
  const twin = { version: 3, properties: { targetTemperature: 11 } };
  events.onTwin(twin, IDENTITY);
  assert.deepEqual(told(), [["setting", "targetTemperature"]]);
  events.onTwin({ version: 4, properties: {} }, IDENTITY);
  assert.deepEqual(told(), [["setting", "targetTemperature"]]);
  events.onTwin({ ...twin, version: 5 }, IDENTITY);
  assert.deepEqual(told(), [["setting", "targetTemperature"]]);
});

test("a payload that is no JSON is refused and told, and no method hears of it", async () => {
  const { events, lines } = setUp(() => assert.fail("called"));
  const { status, payload } = await events.onMethod("SetFanState", new SyntaxError("Unexpected token o"));
  assert.equal(status, 400);
  assert.match(JSON.stringify(payload), /not JSON: Unexpected token o/);
  assert.deepEqual([lines.at(-1)?.event, lines.at(-1)?.code], ["method-refused", "METHOD_REFUSED"]);
});

test("properties that are no settings are named in the line", () => {
  const { events, lines } = setUp();
  events.onTwin({ version: 3, properties: { targetTemp: 11, fanmode: "on" } }, IDENTITY);
  const line = lines.find(({ event }) => event === "setting-unknown");
  assert.equal(line?.msg, "twin: unknown properties: targetTemp, fanmode");
});

test("a method that fails is answered with 500 and its cause, and told as a fault", async () => {
  const { events, told } = setUp(() => Promise.reject(new Error("no such bus")));
  assert.deepEqual(await events.onMethod("ReadSensor", null), {
    status: 500,
    payload: { result: "no such bus" },
  });
  assert.deepEqual(told(), [["method-fault", "no such bus"]]);
});

test("a method that was refused is told; one that only looks is not", async () => {
  const { events, told } = setUp(async (name) => ({
    status: name === "GetStatus" ? 200 : 400,
    payload: null,
  }));
  await events.onMethod("GetStatus", null);
  assert.deepEqual(told(), []);
  await events.onMethod("SetFanState", "failed");
  assert.deepEqual(told(), [["method-refused", "SetFanState: 400"]]);
});

test("a refusal is told with its code, what was asked, cut short, and the reason", async () => {
  const { events, lines } = setUp(async (name) => ({
    status: 400,
    payload:
      name === "SetFanState"
        ? { result: "Fan failed", code: "FAN_FAILED", cause: "no line", remedy: "look" }
        : { result: "Invalid parameter: give another" },
  }));
  events.onTwin({ version: 3, properties: { humidityBand: 900 } }, IDENTITY);
  const setting = lines.find(({ event }) => event === "setting-refused");
  assert.deepEqual(
    [setting?.code, setting?.setting, setting?.asked, setting?.value],
    ["SETTING_REFUSED", "humidityBand", "900", SETTINGS.humidityBand],
  );
  assert.match(String(setting?.msg), /refused: humidityBand: 900 is not allowed; give/);
  await events.onMethod("SetLogLevel", { level: "x".repeat(1000) });
  const method = lines.at(-1);
  assert.deepEqual([method?.code, method?.reason], ["METHOD_REFUSED", "Invalid parameter: give another"]);
  assert.match(String(method?.asked), /^\{"level":"x{80,111}$/);
  await events.onMethod("SetFanState", "on");
  assert.deepEqual([lines.at(-1)?.code, lines.at(-1)?.reason], ["FAN_FAILED", "Fan failed: no line"]);
  const spoken = setUp(async () => ({
    status: 400,
    payload: { result: "Invalid parameter", reason: "minutes: 0" },
  }));
  await spoken.events.onMethod("SetFanState", { state: "on", minutes: 0 });
  assert.equal(spoken.lines.at(-1)?.reason, "Invalid parameter: minutes: 0");
});

test("what keeps it offline is logged as gravely as its code is, its remedy once", () => {
  const { events, lines } = setUp();
  const cases: [string, number][] = [
    ["HUB_REFUSED", 50],
    ["HUB_UNREACHABLE", 40],
    ["DPS_THROTTLED", 30],
  ];
  for (const [code, level] of cases) {
    const error = new AgentError("it says no", { code, retryable: true, remedy: "look" });
    events.onState("backing-off", error.message, error);
    const line = lines.pop();
    assert.deepEqual(
      [line?.level, line?.code, line?.cause, line?.remedy, line?.msg],
      [level, code, "it says no", "look", "offline: it says no; look"],
    );
  }
});
