import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type DoctorOptions, doctor } from "#agent/commands/doctor.js";
import { loadConfig } from "#agent/config.js";
import { type CheckResult, LINUX, type Report } from "#agent/health/doctor/check.js";
import { openStatusServer } from "#agent/health/socket.js";
import { statusSocketOf } from "#agent/health/socket-path.js";
import { askedOf } from "#agent/hub/assignment.js";
import { systemClock } from "#agent/lib/clock.js";
import { lockState } from "#agent/state/lock.js";
import { healthDocument, SOUND } from "../health/support.js";
import { defer } from "../support/cleanup.ts";
import { createController } from "../support/hardware/fake-adapter.ts";
import { createFakeGpiod } from "../support/hardware/fake-gpiod.js";
import { createSht31Chip } from "../support/hardware/sht31-chip.ts";
import { temporaryDirectory } from "../support/pki.js";
import { type CloudRig, runToEnd, startCloud, writeAgentConfig } from "../support/rig.js";

async function run(options: DoctorOptions): Promise<{ code: number; said: string }> {
  let said = "";
  const code = await doctor(options, {
    say: (text) => {
      said += text;
    },
    complain: (text) => assert.fail(text),
  });
  return { code, said };
}

async function report(file: string, keptAssignment?: DoctorOptions["keptAssignment"]) {
  const { code, said } = await run({ file, json: true, ...(keptAssignment && { keptAssignment }) });
  const read = JSON.parse(said) as Report;
  const find = (id: string): CheckResult => read.checks.find((check) => check.id === id) ?? assert.fail(id);
  return { code, said, read, find };
}

async function setUp(t: TestContext): Promise<{ rig: CloudRig; file: string }> {
  const rig = await startCloud(t);
  return { rig, file: await writeAgentConfig(rig) };
}

test("all is well, no agent running: exit 0, and the ID scope is not printed", async (t) => {
  const { file } = await setUp(t);
  const { code, read, said, find } = await report(file);
  assert.equal(code, 0, said);
  assert.equal(read.counts.failed, 0);
  for (const id of ["configuration", "certificate", "key", "dns", "dps", "connection", "disk"]) {
    assert.equal(find(id).result, "ok", `${id}: ${find(id).detail}`);
  }
  for (const id of ["hub", "agent", "i2c", "gpio"]) assert.equal(find(id).result, "skipped", id);
  assert.ok(!said.includes(loadConfig(file).provisioning.idScope));
  assert.ok(!said.includes("PRIVATE KEY"));
});

test("the DPS or the hub refuses the device for good: exit 1", async (t) => {
  const { rig, file } = await setUp(t);
  rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "disabled");
  const first = await report(file);
  assert.equal(first.code, 1);
  assert.deepEqual([first.find("dps").result, first.find("connection").result], ["ok", "failed"]);
  const again = await report(file, assignmentIn(rig, file));
  assert.deepEqual(
    [again.code, again.find("hub").result, again.find("connection").result],
    [1, "ok", "failed"],
  );
});

test("an agent that runs without its socket is noticed, and does not lose its turn at the DPS", async (t) => {
  const { file } = await setUp(t);
  const lock = await lockState(loadConfig(file).state.directory, "process 17, for cave-01", systemClock);
  defer(t, () => lock.release());
  const { code, find } = await report(file);
  assert.equal(code, 1);
  assert.match(find("agent").detail, /an agent runs that cannot be asked on .*: process 17, for cave-01/);
  assert.match(find("agent").remedy ?? "", /status-socket/);
  assert.equal(find("connection").result, "skipped");
});

test("it says nothing on standard error", async (t) => {
  const { file } = await setUp(t);
  const warnings: string[] = [];
  const note = (warning: Error) => warnings.push(warning.message);
  process.on("warning", note);
  await report(file);
  await nextTurn();
  process.removeListener("warning", note);
  assert.deepEqual(warnings, []);
});

test("a running agent is asked for its hub and its conditions", async (t) => {
  const { rig, file } = await setUp(t);
  const hub = rig.cloud.endpoints.hubs[0]?.hostName ?? "";
  const document = healthDocument({
    connection: { ...healthDocument().connection, hub },
    conditions: [{ code: "SENSOR_STUCK", severity: "warning", since: "", cause: "", remedy: "Exchange it." }],
  });
  const config = loadConfig(file);
  mkdirSync(config.state.directory, { recursive: true });
  const server = await openStatusServer({
    socket: statusSocketOf(config),
    document: () => document,
    diagnose: () => Promise.reject(new Error("not asked")),
  });
  defer(t, () => server.close());
  const { code, find } = await report(file);
  assert.equal(code, 0);
  assert.equal(find("hub").result, "ok", find("hub").detail);
  assert.equal(find("agent").result, "warning");
  assert.equal(find("agent").detail, "online; SENSOR_STUCK");
  assert.equal(find("agent").remedy, "SENSOR_STUCK: Exchange it.");
});

function assignmentIn(rig: CloudRig, file: string) {
  const hub = rig.cloud.endpoints.hubs[0]?.hostName ?? "";
  const asked = askedOf(loadConfig(file).provisioning, "cave-01");
  return async () => ({ hub, deviceId: "cave-01", askedOf: asked });
}

test("without a running agent the kept hub is tried", async (t) => {
  const { rig, file } = await setUp(t);
  const { find } = await report(file, assignmentIn(rig, file));
  assert.equal(find("hub").result, "ok", find("hub").detail);
  const { find: again } = await report(file, () => Promise.reject(new Error("damaged")));
  assert.equal(again("hub").result, "skipped");
});

test("something failed: exit 1; for people a line each, the remedy below, and the sums", async (t) => {
  const { file } = await setUp(t);
  writeFileSync(file, readFileSync(file, "utf8").replace(/host = ".*"/, 'host = "localhost:1"'));
  const { code, said } = await run({ file, json: false });
  assert.equal(code, 1);
  const lines = said.split("\n");
  const failed = lines.findIndex((line) => /^failed +DPS +localhost:1 cannot be reached by TLS/.test(line));
  assert.ok(failed >= 0, said);
  assert.match(lines[failed + 1] ?? "", /^ +→ check the network/);
  assert.match(said, /^\d+ ok, \d+ warnings?, 1 failed, \d+ skipped$/m);
  assert.equal(lines[failed + 1]?.indexOf("→"), lines[failed]?.indexOf("localhost:1"));
});

test("a configuration with a wrong key: exit 78, and all that does not need the key is checked", async (t) => {
  const { file } = await setUp(t);
  writeFileSync(file, readFileSync(file, "utf8").replace(/keyFile = ".*"/, "keyFile = 3"));
  const { code, find } = await report(file);
  assert.equal(code, 78);
  assert.equal(find("configuration").result, "failed");
  assert.match(find("configuration").detail, /device\.keyFile/);
  assert.equal(find("key").result, "skipped");
  assert.equal(find("key").detail, "device.keyFile must be correct first");
  assert.equal(find("certificate").result, "skipped");
  assert.equal(find("dns").result, "ok");
  assert.equal(find("disk").result, "ok");
  assert.match(find("dps").detail, /answers in TLS.*our certificate could not be shown/);
});

test("a configuration with an unknown key: exit 78, and all is checked", async (t) => {
  const { file } = await setUp(t);
  writeFileSync(file, readFileSync(file, "utf8").replace("[sensor]", '[sensor]\nreadEvry = "1s"'));
  const { code, find } = await report(file);
  assert.equal(code, 78);
  assert.match(find("configuration").detail, /sensor\.readEvry: unknown key/);
  for (const id of ["certificate", "key", "dns", "dps", "disk"]) assert.equal(find(id).result, "ok", id);
});

test("a configuration that cannot be read: exit 78, the clock is checked all the same", async (t) => {
  const { file } = await setUp(t);
  appendFileSync(file, "[broken\n");
  for (const each of [file, join(await temporaryDirectory(t), "absent.toml")]) {
    const { code, find, read } = await report(each);
    assert.equal(code, 78);
    assert.equal(find("configuration").result, "failed");
    assert.notEqual(find("clock").detail, "the configuration cannot be read");
    assert.equal(find("disk").detail, "the configuration cannot be read");
    assert.equal(read.counts.failed, 1);
  }
});

/** A machine with a chip on bus 1 and GPIO, where nothing is configured yet. */
async function setUpBare(t: TestContext) {
  const folder = await temporaryDirectory(t);
  const gpiod = await createFakeGpiod(t);
  const devices = join(folder, "dev");
  mkdirSync(devices);
  writeFileSync(join(devices, "gpiochip0"), "");
  const chip = createSht31Chip({
    now: systemClock.monotonic,
    air: () => ({ temperature: 12, humidity: 90 }),
  });
  const { open: openAdapter, slaves } = createController([[0x44, chip]]);
  const machine = { ...LINUX, devices, sysfsGpio: join(folder, "gpio"), toolPath: gpiod.path, openAdapter };
  const usualFile = join(folder, "config.toml");
  const look = async (named: Partial<DoctorOptions> = {}) => {
    const { code, said } = await run({ file: undefined, usualFile, json: true, machine, ...named });
    const { checks } = JSON.parse(said) as Report;
    return { code, of: (id: string) => checks.find((check) => check.id === id) ?? assert.fail(id) };
  };
  return { usualFile, gpiod, slaves, look };
}

const NEED_ONE = ["certificate", "key", "dns", "dps", "hub", "disk"];

test("no configuration yet: the sensor is looked at, the rest is skipped and says why; exit 78", async (t) => {
  const { usualFile, look } = await setUpBare(t);
  const { code, of } = await look();
  assert.equal(code, 78);
  assert.equal(of("configuration").result, "failed");
  assert.ok(of("configuration").detail.includes(usualFile), of("configuration").detail);
  assert.deepEqual([of("i2c").result, of("i2c").detail], ["ok", "an SHT31 answers at 0x44 on /dev/i2c-1"]);
  assert.deepEqual(
    [of("gpio").result, of("gpio").detail],
    ["skipped", "no line is named: name the fan's, as --line GPIO17"],
  );
  for (const id of NEED_ONE) {
    assert.equal(of(id).result, "skipped", id);
    assert.equal(of(id).detail, "it needs a configuration, and there is none yet", id);
  }
});

test("no configuration yet, bus or line named: these count, exit 0 if they are well and 1 if not", async (t) => {
  const { usualFile, gpiod, slaves, look } = await setUpBare(t);
  const good = await look({ bus: 1, line: { gpio: 17 } });
  assert.equal(good.code, 0);
  assert.deepEqual(
    [good.of("configuration").result, good.of("configuration").detail],
    ["skipped", `there is no ${usualFile} yet`],
  );
  for (const id of NEED_ONE) assert.equal(good.of(id).result, "skipped", id);
  assert.match(good.of("gpio").detail, /^chardev: GPIO17 is line 17 of gpiochip0 .* free/);
  gpiod.occupy(17, "w1-gpio");
  const taken = await look({ line: { gpio: 17 } });
  assert.deepEqual([taken.code, taken.of("gpio").result, taken.of("i2c").result], [1, "failed", "skipped"]);
  slaves.clear();
  assert.equal((await look({ line: { gpio: 4 } })).code, 0, "nobody has asked for the sensor");
  const { code, of } = await look({ bus: 3 });
  assert.equal(code, 1);
  assert.match(of("i2c").detail, /no SHT31 answers at 0x44 or 0x45 on \/dev\/i2c-3/);
});

test("with a configuration, bus and line take the place of what it says, and the rest of it counts", async (t) => {
  const { usualFile, look } = await setUpBare(t);
  writeFileSync(usualFile, '[sensor]\nsource = "simulated"\n[fan]\nline = "seventeen"\n');
  const asConfigured = await look();
  assert.deepEqual([asConfigured.of("i2c").result, asConfigured.of("gpio").result], ["skipped", "skipped"]);
  assert.equal(asConfigured.of("gpio").detail, "fan.line must be correct first");
  const { code, of } = await look({ bus: 1, line: { gpio: 4 } });
  assert.equal(code, 78, "the configuration is as wrong as before");
  assert.equal(of("i2c").detail, "an SHT31 answers at 0x44 on /dev/i2c-1");
  assert.match(of("gpio").detail, /^chardev: GPIO4 /);
});

test("what the running agent says of its bus and line is not taken for another's", async (t) => {
  const { usualFile, slaves, look } = await setUpBare(t);
  writeFileSync(usualFile, '[fan]\nline = "GPIO17"\n[state]\ndirectory = "state"\n');
  const directory = join(usualFile, "../state");
  mkdirSync(directory);
  const server = await openStatusServer({
    socket: join(directory, "status.sock"),
    document: () => healthDocument({ sensor: { source: "sht31", state: "ok", quality: "good", ...SOUND } }),
    diagnose: () => Promise.reject(new Error("not asked")),
  });
  defer(t, () => server.close());
  slaves.clear();
  const its = await look({ bus: 1 });
  assert.match(its.of("i2c").detail, /^the running agent reads the sht31/);
  const { of } = await look({ bus: 3 });
  assert.match(of("i2c").detail, /^no SHT31 answers at .*i2c-3$/);
});

test("a chip that is an agent's which cannot be asked is left alone, another bus is not", async (t) => {
  const { usualFile, look } = await setUpBare(t);
  writeFileSync(usualFile, '[state]\ndirectory = "state"\n');
  const lock = await lockState(join(usualFile, "../state"), "process 17", systemClock);
  defer(t, () => lock.release());
  const { of } = await look({ bus: 1 });
  assert.deepEqual([of("agent").result, of("i2c").result], ["failed", "skipped"]);
  assert.equal((await look({ bus: 3 })).of("i2c").result, "ok");
});

test("as a program: doctor takes --bus and --line as read and fan do", async (t) => {
  assert.equal((await runToEnd(t, ["doctor", "--bus", "first"])).code, 64);
  assert.equal((await runToEnd(t, ["doctor", "--line", "17"])).code, 64);
  const { code, output } = await runToEnd(t, ["doctor", "--bus", "250"]);
  assert.equal(code, existsSync("/etc/cave-agent/config.toml") ? code : 1, output);
  assert.match(output, /^failed +sensor .*(i2c-250|i2c-bus)/m);
});
