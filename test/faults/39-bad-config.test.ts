import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runToEnd, startCloud, writeAgentConfig } from "../support/rig.ts";
import { type Changes, writeConfig } from "./agents.ts";

const BAD: [string, Changes, RegExp][] = [
  ["a value out of range", { "sensor.readEvery": "1ms" }, /^sensor\.readEvery: .*"1ms"/],
  ["an unknown key", { "fan.speeed": 3 }, /^fan\.speeed: unknown key: value was 3; allowed in \[fan\]: /],
  ["a wrong type", { "outbox.inFlight": "many" }, /^outbox\.inFlight: .*whole number.*"many"/],
  [
    "a file that is not there",
    { "device.certificateFile": "none.pem" },
    /device\.certificateFile: cannot read/,
  ],
];

describe("fault 39: a bad configuration or an open key", { concurrency: true, timeout: 60_000 }, () => {
  for (const [what, changes, reason] of BAD) {
    it(`exits 78 for ${what}, with the reason in one line`, async (t) => {
      const rig = await startCloud(t);
      const file = await writeConfig(rig, changes);
      await assertRefused(t, file, reason);
      assert.equal(rig.cloud.hub.telemetryCounts().received, 0);
    });
  }

  it("exits 78 for a file that is no TOML", async (t) => {
    const rig = await startCloud(t);
    const file = join(rig.folder, "broken.toml");
    writeFileSync(file, "[device\n");
    await assertRefused(t, file, /is not valid TOML/);
  });

  it("exits 78 for a key that others can read, and names the remedy", async (t) => {
    if (process.platform === "win32") return t.skip("Windows has no such mode bits");
    const rig = await startCloud(t);
    const file = await writeAgentConfig(rig);
    const key = join(rig.folder, "cave-01.key.pem");
    chmodSync(key, 0o644);
    const { output } = await assertRefused(t, file, /key\.pem has mode 0644.*; run: chmod 600 /);
    assert.doesNotMatch(output, /PRIVATE KEY/);
    chmodSync(key, 0o600);
    assert.equal((await runToEnd(t, ["config", "check", file])).code, 0);
  });
});

async function assertRefused(
  t: Parameters<typeof runToEnd>[0],
  file: string,
  reason: RegExp,
): Promise<{ output: string }> {
  const { code, output } = await runToEnd(t, ["run", "--config", file]);
  assert.equal(code, 78, output);
  const [first = "", ...more] = output.trim().split("\n");
  const text = first.startsWith("{")
    ? (JSON.parse(first) as { msg: string }).msg.replace("cannot start: ", "")
    : first;
  assert.match(text, reason);
  // What follows the reason is at most its remedy.
  assert.ok(more.length <= 1, output);
  assert.doesNotMatch(output, /^\s+at /m, "no stack");
  return { output };
}
