import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type LogLine, startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { IS_FULL } from "./full.ts";
import { startRogueHub } from "./rogue-hub.ts";

const ERRORS = 10_000;
const CALLS = IS_FULL ? 10_000 : 1000;
const FEW = 60;

describe("fault 40: a flood of errors", () => {
  it(`writes ${ERRORS} errors of two kinds as two lines and two counts, and none of the secrets in them`, async () => {
    const file = fileURLToPath(new URL("./40-log-flood.child.js", import.meta.url));
    const secrets = ["-----BEGIN PRIVATE KEY----- MIGHAgEA", "0neCANARY"];
    const { stdout } = await promisify(execFile)(process.execPath, [file, String(ERRORS), ...secrets]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as LogLine);
    assert.deepEqual(
      lines.map(({ event }) => event),
      [
        ...[
          "sensor-fault",
          "fan-fault",
          "setting-unknown",
          "condition-raised",
          "condition-raised",
          "another",
        ],
        ...Array.from({ length: 4 }, () => "suppressed"),
      ],
    );
    assert.deepEqual(
      lines.slice(3, 5).map(({ code }) => code),
      ["SENSOR_FAULT", "SENSOR_STALE"],
      "one cause, two conditions",
    );
    // The end tells of every one that was left out.
    assert.deepEqual(
      lines.slice(6).map(({ cause, suppressed }) => [cause, suppressed]),
      [
        ...["sensor-fault", "fan-fault"].map((event) => [`${event}: it does not answer`, ERRORS / 2 - 1]),
        ["setting-unknown: unknown: fanmode", 2],
        ["condition-raised: SENSOR_STALE: there is no /dev/i2c-1", 1],
      ],
    );
    assert.match(String(lines.at(-1)?.msg), /^left out once: /);
    assert.match(String(lines.at(-2)?.msg), /^left out 2 times: /);
    assert.doesNotMatch(stdout, /PRIVATE|MIGHAgEA|CANARY/);
  });

  it(`writes few lines in ${CALLS} refused commands and as many refused settings, without secrets`, async (t) => {
    const rig = await startCloud(t);
    const { agent, call, patch, telemetry } = await startRogueHub(t, rig);
    const before = agent.lines.length;
    for (let number = 0; number < CALLS; number += 50) {
      const flood = Array.from({ length: 50 }, (_, index) => {
        patch(`{"$version":${number + index + 2},"targetTemperature":"hot","unknown${index}":1}`);
        return call(index % 2 ? "OpenTheDoor" : "SetFanState", '"failed"');
      });
      for (const { status } of await Promise.all(flood)) assert.ok(status === 400 || status === 404);
    }
    const sent = telemetry.length;
    await until("telemetry goes on", () => telemetry.length > sent);
    assert.equal((await agent.stop()).code, 0);
    const { suppressed } = await agent.logged("suppressed");
    assert.ok(Number(suppressed) > 0);
    const written = agent.lines.length - before;
    assert.ok(written <= FEW, `${written} lines; the last: ${JSON.stringify(agent.lines.slice(-8))}`);
    const key = readFileSync(join(rig.folder, "cave-01.key.pem"), "utf8").split("\n")[1] ?? "";
    assert.ok(key.length > 40 && !agent.output().includes(key));
    assert.ok(!agent.output().includes(rig.cloud.endpoints.dps.idScope));
  });
});
