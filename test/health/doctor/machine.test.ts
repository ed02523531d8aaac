import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { clockCheck } from "#agent/health/doctor/clock.js";
import { diskCheck } from "#agent/health/doctor/disk.js";
import { createPatience } from "#agent/lib/patience.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryDirectory } from "../../support/pki.js";
import { NOBODY } from "../clock/services.ts";
import { findingOf } from "./support.js";

async function setUp(t: TestContext) {
  const folder = await temporaryDirectory(t);
  const config = join(folder, "config.toml");
  writeFileSync(
    config,
    `[device]\ncertificateFile = "x"\nkeyFile = "x"\n[provisioning]\nidScope = "0ne00000000"\n[state]\ndirectory = "state"\n`,
  );
  const machine = {
    devices: join(folder, "dev"),
    sysfsGpio: join(folder, "gpio"),
    timesync: join(folder, "timesync"),
    chronyPort: NOBODY,
    ntpPort: NOBODY,
    openAdapter: async () => assert.fail("the bus is not used"),
  };
  return { folder, config, machine };
}

test("a year that cannot be is a fault, whatever the time service says", async (t) => {
  const { config, machine } = await setUp(t);
  for (const year of [1970, 2001, 2024, 2100]) {
    const clock = createFakeClock(Date.UTC(year, 6, 1));
    const { result, remedy } = await findingOf(clockCheck, config, { clock, machine });
    assert.equal(result, "failed", String(year));
    assert.match(remedy ?? "", /time server/);
  }
});

test("synchronized, not yet, and not to be told", async (t) => {
  const { config, machine } = await setUp(t);
  const clock = createFakeClock(Date.UTC(2026, 6, 1));
  const look = () => findingOf(clockCheck, config, { clock, machine });
  assert.equal((await look()).result, "skipped");
  mkdirSync(machine.timesync);
  assert.equal((await look()).result, "warning");
  writeFileSync(join(machine.timesync, "synchronized"), "");
  assert.deepEqual(await look(), {
    result: "ok",
    detail: "it is 2026-07-01T00:00:00.000Z, synchronized, says systemd-timesyncd",
  });
});

test("a state directory that can be written, or made, and is left as it was", async (t) => {
  const { folder, config } = await setUp(t);
  const absent = await findingOf(diskCheck, config);
  assert.equal(absent.result, "ok", absent.detail);
  assert.match(absent.detail, /state will be made: .* can be written, \d+ MiB free/);
  assert.ok(!existsSync(join(folder, "state")));
  mkdirSync(join(folder, "state"));
  const there = await findingOf(diskCheck, config);
  assert.equal(there.result, "ok", there.detail);
  assert.deepEqual(readdirSync(join(folder, "state")), []);
});

test("while a disk owes its agent an answer, doctor within asks nothing of it either", async (t) => {
  const { config } = await setUp(t);
  const clock = createFakeClock();
  const patience = createPatience("/state", clock);
  const hanging = assert.rejects(patience(() => new Promise<void>(() => undefined)));
  await clock.advance(10_000);
  await hanging;
  const { result, detail, code } = await findingOf(diskCheck, config, { patience });
  assert.deepEqual([result, code], ["failed", "STATE_NOT_KEPT"]);
  assert.match(detail, /the disk of \/state still owes an answer/);
});

test("a file where the state directory should be", async (t) => {
  const { folder, config } = await setUp(t);
  writeFileSync(join(folder, "state"), "");
  const { result, detail, remedy } = await findingOf(diskCheck, config);
  assert.equal(result, "failed");
  assert.match(detail, /is a file, not a folder/);
  assert.match(remedy ?? "", /make .*state a folder/);
});

test("a state directory that run would refuse, for no socket can have such a path", async (t) => {
  const { config } = await setUp(t);
  const text = readFileSync(config, "utf8");
  writeFileSync(config, text.replace('"state"', `"/tmp/${"x".repeat(90)}"`));
  const { result, detail, remedy } = await findingOf(diskCheck, config);
  assert.deepEqual([result, remedy], ["failed", "name a shorter one"]);
  assert.match(detail, /too long for a socket in it/);
});
