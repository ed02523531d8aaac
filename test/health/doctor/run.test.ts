import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AgentError } from "#agent/errors.js";
import { LINUX, type MachineCheck } from "#agent/health/doctor/check.js";
import { CHECKS, runDoctor } from "#agent/health/doctor/run.js";
import { salvageConfiguration } from "#agent/health/doctor/salvage.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryDirectory } from "../../support/pki.js";

const never = new AbortController().signal;

const VALID = `[device]\ncertificateFile = "leaf.pem"\nkeyFile = "key.pem"\n[provisioning]\nidScope = "0ne00ABCDEF"\n`;

async function salvage(t: Parameters<typeof temporaryDirectory>[0], toml: string, environment = {}) {
  const file = join(await temporaryDirectory(t), "config.toml");
  writeFileSync(file, toml);
  return salvageConfiguration(file, environment);
}

test("a check that throws or hangs does not keep the others, and the report counts", async (t) => {
  const clock = createFakeClock(Date.UTC(2026, 2, 1));
  let wasStopped = false;
  const error = new AgentError("no", { code: "FAN_FAILED", retryable: true, remedy: "mend it" });
  const check = (id: string, look: MachineCheck["look"]): MachineCheck => ({ id, title: id, look });
  const running = runDoctor(
    {
      configuration: await salvage(t, VALID),
      hub: undefined,
      clock,
      machine: LINUX,
      checks: [
        check("throws", () => {
          throw error;
        }),
        check("breaks", () => Promise.reject(new TypeError("x is undefined"))),
        check("hangs", (_ground, signal) => {
          signal.addEventListener("abort", () => {
            wasStopped = true;
          });
          return new Promise(() => undefined);
        }),
        check("works", async () => ({ result: "ok", detail: "yes" })),
      ],
    },
    never,
  );
  await clock.advance(5000);
  const { checks, counts, at } = await running;
  assert.equal(at, "2026-03-01T00:00:00.000Z");
  assert.deepEqual(counts, { ok: 1, warning: 0, failed: 3, skipped: 0 });
  assert.deepEqual(checks, [
    { id: "throws", title: "throws", result: "failed", detail: "no", remedy: "mend it", code: "FAN_FAILED" },
    {
      id: "breaks",
      title: "breaks",
      result: "failed",
      detail: "x is undefined",
      remedy: "report this fault with doctor's output",
    },
    {
      id: "hangs",
      title: "hangs",
      result: "failed",
      detail: "no answer within 5 s: waited for hangs",
      remedy: "check the network, or the disk, that the check waits for",
      code: "CHECK_TIMEOUT",
    },
    { id: "works", title: "works", result: "ok", detail: "yes" },
  ]);
  assert.ok(wasStopped);
});

test("every check has an id of its own", () => {
  const ids = CHECKS.map(({ id }) => id);
  assert.deepEqual([...new Set(ids)], ids);
});

test("a configuration that is right is taken as it is", async (t) => {
  const { config, error, broken } = await salvage(t, VALID);
  assert.equal(config?.provisioning.idScope, "0ne00ABCDEF");
  assert.equal(error, undefined);
  assert.equal(broken.size, 0);
});

test("wrong and missing keys are named; the others are what the file says", async (t) => {
  const { config, error, broken } = await salvage(
    t,
    `[device]\nkeyFile = "/keys/k.pem"\n[sensor]\nreadEvery = "1parsec"\n[outbox]\ninFlight = 3\n[provisioning]\nidScope = "0ne00ABCDEF"\n`,
    { CAVE_HUB_KEEP_ALIVE: "soon" },
  );
  assert.equal(error?.code, "CONFIG_INVALID");
  assert.deepEqual([...broken].sort(), ["device.certificateFile", "hub.keepAlive", "sensor.readEvery"]);
  assert.equal(config?.device.keyFile, "/keys/k.pem");
  assert.equal(config?.outbox.inFlight, 3);
  assert.equal(config?.provisioning.idScope, "0ne00ABCDEF");
});

test("unknown keys, sections and variables are left out; the others are what the file says", async (t) => {
  const { config, error, broken } = await salvage(
    t,
    `${VALID}[sensor]\nreadEvry = "1s"\nreadEvery = "2s"\n[senser]\nx = 1\n[outbox]\ninFlight = "many"\n`,
    { CAVE_LOG_LEVLE: "debug" },
  );
  for (const slip of [
    /sensor\.readEvry: unknown key/,
    /senser: unknown section/,
    /CAVE_LOG_LEVLE: unknown env/,
  ]) {
    assert.match(error?.message ?? "", slip);
  }
  // All that is wrong is said at once.
  assert.match(error?.message ?? "", /outbox\.inFlight: must be a whole number/);
  assert.deepEqual([...broken], ["outbox.inFlight"]);
  assert.equal(config?.sensor.readEvery, 2000);
  assert.equal(config?.provisioning.idScope, "0ne00ABCDEF");
});

test("whatever required key is missing, the rest can be looked at", async (t) => {
  const { config, broken } = await salvage(t, `[outbox]\ninFlight = 3\n`);
  assert.deepEqual([...broken].sort(), ["device.certificateFile", "device.keyFile", "provisioning.idScope"]);
  assert.equal(config?.outbox.inFlight, 3);
});

test("values that contradict each other are each what the file says", async (t) => {
  const { config, error, broken } = await salvage(
    t,
    `${VALID}[sensor]\nreadEvery = "10m"\nstaleAfter = "2m"\n`,
  );
  assert.match(error?.message ?? "", /staleAfter: must not be shorter/);
  assert.deepEqual([...broken], ["sensor.staleAfter"]);
  assert.equal(config?.sensor.readEvery, 600_000);
});

test("what is no TOML or is not there leaves nothing, and says why", async (t) => {
  const { config, error } = await salvage(t, "[device\n");
  assert.equal(config, undefined);
  assert.equal(error?.code, "CONFIG_INVALID");
  assert.match(
    salvageConfiguration("/absent.toml", {}).error?.message ?? "",
    /cannot read the configuration/,
  );
});
