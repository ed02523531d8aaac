import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { initialGuard } from "#agent/cave/guard.js";
import { initialSteering } from "#agent/cave/steer.js";
import { createControl } from "#agent/control.js";
import { createSimulatedFan } from "#agent/fan/simulated.js";
import { runDoctor } from "#agent/health/doctor/run.js";
import type { JsonValue } from "#agent/hub/hub.js";
import { createMethods, type MethodParts } from "#agent/hub/methods.js";
import { systemClock } from "#agent/lib/clock.js";
import { openSht31 } from "#agent/sensor/open.js";
import type { Sensor } from "#agent/sensor/sensor.js";
import { createSimulatedSensor } from "#agent/sensor/simulated.js";
import { healthDocument } from "../health/support.js";
import { LOOSE_LIMITS, SETTINGS } from "../support/cave.js";
import { defer } from "../support/cleanup.js";
import { contentsOf, readModel } from "../support/dtdl.js";
import { createFakeClock } from "../support/fake-clock.js";
import { createController } from "../support/hardware/fake-adapter.js";
import { ROOT } from "../support/rig.js";

const NO_CONFIGURATION = { config: undefined, error: undefined, broken: new Set<string>() };

/** The real control loop over a simulated fan that can be broken. */
function build(minimumOff = 0, real?: Sensor) {
  const clock = createFakeClock();
  const fan = createSimulatedFan({ safeState: "off" });
  const now = clock.monotonic();
  const control = createControl({
    sensor: real ?? createSimulatedSensor({ seed: 1, speed: 1, clock, fanOn: () => fan.state() === "on" }),
    fan,
    clock,
    readEvery: 5000,
    limits: { ...LOOSE_LIMITS, guard: { ...LOOSE_LIMITS.guard, minimumOff } },
    response: { responseAfter: 1_800_000, temperatureDrop: 0.3, humidityDrop: 1 },
    settings: () => SETTINGS,
    initial: initialSteering(initialGuard(false, now), now),
    remember: async () => undefined,
    onSample: () => undefined,
    onTick: () => undefined,
    onSensorFault: () => undefined,
    onFanFault: () => undefined,
  });
  const stopping = new AbortController();
  const parts: MethodParts = {
    control,
    status: () => healthDocument(),
    overrideFor: 600_000,
    diagnose: () =>
      runDoctor({ configuration: NO_CONFIGURATION, hub: undefined, clock, checks: [] }, stopping.signal),
    setLogLevel: () => "info",
    reprovision: () => undefined,
    restart: () => undefined,
    stopping: stopping.signal,
  };
  return { fan, stopping, call: createMethods(parts) };
}

/** An SHT31 that is not there. */
function deadSensor(t: TestContext): Sensor {
  const chosen = { source: "sht31", bus: 1, address: "auto", humidityOffset: 0, heater: "off" } as const;
  const sensor = openSht31(chosen, { clock: systemClock, openAdapter: createController([]).open });
  defer(t, () => sensor.close());
  return sensor;
}

test("a fan that does not obey: 400 Fan failed, and no override is left", async () => {
  const { fan, call } = build();
  fan.breakDown();
  const { status, payload: refusal } = await call("SetFanState", "on");
  const { result, code, remedy } = refusal as Record<string, string>;
  assert.deepEqual([status, result, code], [400, "Fan failed", "FAN_FAILED"]);
  assert.ok(remedy);
  fan.repair();
  const { payload } = await call("SetFanState", "auto");
  assert.equal((payload as { overrideUntil: unknown }).overrideUntil, null);
});

test("a sensor that gives no reading: 503 with code, cause and remedy", async (t) => {
  const { status, payload } = await build(0, deadSensor(t)).call("ReadSensor", null);
  const { remedy, ...rest } = payload as Record<string, string>;
  const cause = "no SHT31 answers at 0x44 or 0x45 on /dev/i2c-1";
  assert.deepEqual(rest, { result: `Sensor failed: ${cause}`, code: "SENSOR_NO_ANSWER", cause });
  assert.match(remedy ?? "", /supply, SDA, SCL/);
  assert.equal(status, 503);
});

test("what the guard holds is accepted, not executed; what could never act is refused", async () => {
  const { fan, call } = build(60_000);
  const held = await call("SetFanState", "on");
  assert.equal(held.status, 202);
  const { result, fanState, heldBecause } = held.payload as Record<string, unknown>;
  assert.deepEqual(
    [result, fanState, heldBecause],
    ["Accepted direct method: SetFanState", "off", "minimum-off"],
  );
  assert.equal(fan.state(), "off");
  const never = await call("SetFanState", { state: "on", minutes: 0.5 });
  assert.equal(never.status, 400);
  assert.match(JSON.stringify(never.payload), /must stay as it is until/);
  assert.deepEqual(Object.keys(never.payload as object), ["result", "code", "remedy"]);
});

test("commands beyond those that may wait for the fan are refused with 503", async () => {
  const { call } = build();
  const answers = await Promise.all(Array.from({ length: 30 }, () => call("SetFanState", "on")));
  const refused = answers.filter(({ status }) => status === 503);
  assert.ok(refused.length > 0 && refused.length < 30, `${refused.length} refused`);
  assert.match(JSON.stringify(refused[0]?.payload), /commands wait for the fan already.*CONTROL_BUSY/);
});

test("while stopping every method is refused with 503", async () => {
  const { stopping, call } = build();
  stopping.abort();
  for (const method of ["SetFanState", "GetStatus", "ReadSensor", "Restart"]) {
    assert.equal((await call(method, "on")).status, 503, method);
  }
});

test("an unknown method is answered 404 with those that are known", async () => {
  const { call } = build();
  const { status, payload } = await call("toString", null);
  assert.equal(status, 404);
  assert.match(JSON.stringify(payload), /SetFanState, GetStatus, ReadSensor, Diagnose/);
});

test('a method that takes no payload takes none, null, "" and {}, and refuses all else, naming it', async () => {
  for (const method of ["GetStatus", "ReadSensor", "Diagnose", "Reprovision", "Restart"]) {
    for (const none of [null, "", {}]) assert.ok((await build().call(method, none)).status < 300, method);
    for (const [payload, given] of [
      [{ minutes: 5, hours: 1 }, '"minutes" was given'],
      ["now", '"now" was given'],
      [0, "0 was given"],
      [false, "false was given"],
      [[], "a list was given"],
      [{ ["x".repeat(100_000)]: 1 }, `"${"x".repeat(60)}" was given`],
    ] as const) {
      const result = `Invalid parameter: ${method} takes no payload; ${given}`;
      assert.deepEqual(await build().call(method, payload as never), { status: 400, payload: { result } });
    }
  }
});

test("a key that a method does not know is named, cut short", async () => {
  const colour = "colour".repeat(100);
  const fan = await build().call("SetFanState", { state: "on", [colour]: "red" });
  assert.deepEqual([fan.status, (fan.payload as { unknown: string }).unknown], [400, colour.slice(0, 60)]);
  const level = await build().call("SetLogLevel", { level: "debug", hours: 1 });
  assert.match(
    (level.payload as { result: string }).result,
    /^Invalid parameter: "hours" is not known; give /,
  );
});

test("SetLogLevel names the field and the value that it refuses", async () => {
  const levels = "trace, debug, info, warn, error, fatal";
  const allowed = `{"level": ${levels.replaceAll(", ", "|")}, "minutes": above 0, at most 1440}`;
  for (const [payload, reason] of [
    ["debug", `"debug" was given; give ${allowed}`],
    [["debug"], `a list was given; give ${allowed}`],
    [7, `7 was given; give ${allowed}`],
    [null, `null was given; give ${allowed}`],
    [{}, `level: is missing; give one of ${levels}`],
    [{ level: "verbose" }, `level: "verbose" is not allowed; give one of ${levels}`],
    [{ level: "debug", minutes: 1441 }, "minutes: 1441 is not allowed; give above 0, at most 1440"],
    [{ level: "debug", minutes: "5" }, 'minutes: "5" is not allowed; give above 0, at most 1440'],
  ] as const) {
    const seen = await build().call("SetLogLevel", payload as JsonValue);
    assert.equal(seen.status, 400);
    assert.equal((seen.payload as { result: string }).result, `Invalid parameter: ${reason}`);
  }
});

const DOCUMENT = readFileSync(join(ROOT, "docs/methods.md"), "utf8");
const [OVERVIEW = "", EXAMPLES = ""] = DOCUMENT.split("## Examples");

/** The cells of every row of a table that begins with a method's name. */
const rowsOf = (text: string) =>
  [...text.matchAll(/^\| `(\w+)` \|(.*)\|$/gm)].map(([, name = "", rest = ""]) => ({
    name,
    cells: rest.split(" | ").map((cell) => cell.trim()),
  }));
const codeIn = (cell = "") => JSON.parse(/^`(.*)`/.exec(cell)?.[1] ?? "null");

test("docs/methods.md, README.md and the model have exactly the methods that there are", async () => {
  const { payload } = await build().call("?", null);
  const known = (payload as { result: string }).result.replace(/^.*known are /, "").split(", ");
  const names = (text: string) => rowsOf(text).map(({ name }) => name);
  assert.deepEqual(names(OVERVIEW), known);
  assert.deepEqual([...new Set(names(EXAMPLES))], known);
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const inReadme = /^\| \[direct methods\]\(\S+\) \|(.*)\|$/m.exec(readme)?.[1] ?? "";
  assert.deepEqual(inReadme.match(/\w+/g), known);
  const commands = contentsOf(await readModel(), "Command").map(({ name }) => name);
  assert.deepEqual(commands, known);
});

for (const { name, cells } of rowsOf(EXAMPLES)) {
  const [payload, status, shown] = cells;
  test(`the example in docs/methods.md is true: ${name} ${payload} ${status}`, async (t) => {
    const answer: Record<string, unknown> = codeIn(shown);
    const sensor = answer.code === "SENSOR_NO_ANSWER" ? deadSensor(t) : undefined;
    const { fan, call } = build("heldBecause" in answer ? 60_000 : 0, sensor);
    if (answer.code === "FAN_FAILED") fan.breakDown();
    const seen = await call(name, codeIn(payload));
    assert.equal(seen.status, Number(status));
    const { result, ...fields } = seen.payload as Record<string, unknown>;
    assert.equal(result, answer.result);
    for (const key of Object.keys(answer)) assert.ok(key === "result" || key in fields, `no ${key}`);
    if (shown?.endsWith("and more")) return;
    assert.deepEqual(
      Object.keys(fields).sort(),
      Object.keys(answer)
        .filter((key) => key !== "result")
        .sort(),
    );
  });
}
