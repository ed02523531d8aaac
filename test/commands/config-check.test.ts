import assert from "node:assert/strict";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { crc32 } from "node:zlib";
import { type Changes, writeConfig } from "../faults/agents.ts";
import { type CloudRig, runToEnd, spawnAgent, startCloud } from "../support/rig.js";
import { getStatus } from "../support/status.js";
import { until } from "../support/until.js";

/** Eight bytes of name, the version, and the checksum of both: what no version will ever change. */
function headerOfVersion(version: number): Buffer {
  const header = Buffer.alloc(8192);
  header.write("CAVEOBX\n");
  header.writeUInt32LE(version, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  return header;
}

interface Wrong {
  what: string;
  changes?: Changes;
  /** In the state directory. */
  leave?: (directory: string) => void;
  reason: RegExp;
}

const WRONG: Wrong[] = [
  {
    what: "an address that others can reach",
    changes: { "status.listen": "0.0.0.0:9464" },
    reason: /status\.listen: must be a loopback address/,
  },
  {
    what: "a CA that is not there",
    changes: { "tls.trustedCaFile": "none.pem" },
    reason: /tls\.trustedCaFile: cannot read.*relative to the configuration/s,
  },
  {
    what: "a state directory that is a file",
    changes: { "state.directory": "cave-01.toml" },
    reason: /state\.directory: .* is a file, not a folder/,
  },
  {
    what: "a state directory with too long a path for a socket in it",
    changes: { "state.directory": `/tmp/${"x".repeat(90)}` },
    reason: /state\.directory: the path .*x is too long for a socket in it/,
  },
  {
    what: "an outbox of a later version",
    leave(directory) {
      mkdirSync(join(directory, "outbox"));
      writeFileSync(join(directory, "outbox", `${"1".padStart(16, "0")}.segment`), headerOfVersion(9));
    },
    reason: /version 9/,
  },
];

async function setUp(t: TestContext, { changes = {}, leave }: Partial<Wrong>): Promise<[CloudRig, string]> {
  const rig = await startCloud(t);
  const file = await writeConfig(rig, changes);
  const directory = join(rig.folder, "cave-01.state");
  mkdirSync(directory);
  leave?.(directory);
  return [rig, file];
}

describe("config check says what run would", () => {
  for (const wrong of WRONG) {
    it(`${wrong.what}: exit 78 from both, for the same reason`, async (t) => {
      const [, file] = await setUp(t, wrong);
      for (const args of [
        ["config", "check", file],
        ["run", "--config", file],
      ]) {
        const { code, output } = await runToEnd(t, args);
        assert.equal(code, 78, `${args[0]}: ${output}`);
        assert.match(output, wrong.reason);
      }
    });
  }

  it("a disk that cannot be written: told, and no reason not to start", async (t) => {
    const [, file] = await setUp(t, { changes: { "state.directory": "/proc/cave-agent" } });
    const { code, output } = await runToEnd(t, ["config", "check", file]);
    assert.equal(code, 0, output);
    assert.match(output, /^warning: state\.directory: \S+ cannot be made: \/proc cannot be written: E[A-Z]+/);
    // The status socket would be there too.
    assert.match(output, /^warning: the status socket /m);
    assert.match(output, /ok, for cave-01, with 2 warnings\n/);
    const agent = spawnAgent(t, ["run", "--config", file]);
    await agent.logged("online");
  });

  it("a state directory that can never be made: told with what stands in its way, and no reason not to start", async (t) => {
    const [rig, file] = await setUp(t, { changes: { "state.directory": "cave-01.toml/state" } });
    const { code, output } = await runToEnd(t, ["config", "check", file]);
    assert.equal(code, 0, output);
    const stands = join(rig.folder, "cave-01.toml");
    assert.ok(
      output.includes(`state.directory: ${stands}/state cannot be made: ${stands} is a file, not a folder\n`),
      output,
    );
    assert.doesNotMatch(output, /will be made/);
    const agent = spawnAgent(t, ["run", "--config", file]);
    await agent.logged("online");
  });

  it("no configuration there: the remedy says how this command takes its file", async (t) => {
    const { code, output } = await runToEnd(t, ["config", "check", "/absent.toml"]);
    assert.equal(code, 78);
    assert.match(output, /^cannot read the configuration \/absent\.toml: ENOENT.*\n.*config check FILE\n$/);
    assert.doesNotMatch(output, /--config/);
    assert.match((await runToEnd(t, ["run", "--config", "/absent.toml"])).output, /with --config\n$/);
  });

  it("a damaged sequence file: told, and no reason not to start", async (t) => {
    const [, file] = await setUp(t, {
      leave: (directory) => writeFileSync(join(directory, "sequence"), "seven"),
    });
    const { code, output } = await runToEnd(t, ["config", "check", file]);
    assert.equal(code, 0, output);
    assert.match(output, /^warning: .*sequence does not hold .*: the numbers leap/m);
    assert.match(output, /ok, for cave-01, with 1 warning\n/);
    const agent = spawnAgent(t, ["run", "--config", file]);
    await agent.logged("sequence-leap");
    await agent.logged("online");
  });

  it("a file of the outbox that cannot be read: told, and no reason not to start, on disk", async (t) => {
    const [rig, file] = await setUp(t, {
      leave(directory) {
        const segment = join(directory, "outbox", `${"1".padStart(16, "0")}.segment`);
        mkdirSync(join(directory, "outbox"));
        symlinkSync(segment, segment);
      },
    });
    const { code, output } = await runToEnd(t, ["config", "check", file]);
    assert.equal(code, 0, output);
    assert.match(output, /^warning: .*1\.segment cannot be read: ELOOP/m);
    assert.match(output, /ok, for cave-01, with 1 warning\n/);
    const agent = spawnAgent(t, ["run", "--config", file]);
    const { code: raised, remedy } = await agent.logged("condition-raised");
    assert.equal(raised, "OUTBOX_UNREADABLE");
    assert.match(String(remedy), /Make the file a plain one/);
    await agent.logged("online");
    await until("telemetry", () => rig.cloud.hub.telemetryCounts("cave-01").received > 2);
    assert.ok(!agent.lines.some((line) => line.code === "OUTBOX_IN_MEMORY"));
    assert.equal((await agent.stop()).code, 0);
  });

  for (const { what, socket, reason } of [
    { what: "too long", socket: `${"x".repeat(120)}.sock`, reason: /path is longer than 10[37] bytes/ },
    { what: "below a file", socket: "cave-01.toml/a.sock", reason: /cave-01\.toml.*ENOTDIR/ },
  ]) {
    it(`a status socket whose path is ${what}: told, and no reason not to start; the agent says so to all`, async (t) => {
      const [rig, file] = await setUp(t, { changes: { "status.socket": socket } });
      const check = await runToEnd(t, ["config", "check", file]);
      assert.equal(check.code, 0, check.output);
      assert.match(check.output, /the status socket .* cannot be used: /);
      assert.match(check.output, reason);
      const agent = spawnAgent(t, ["run", "--config", file]);
      const { code, remedy, cause } = await agent.logged("status-socket");
      assert.equal(code, "STATUS_SOCKET_UNUSABLE");
      assert.match(cause ?? "", reason);
      assert.match(String(remedy), /set status\.socket/);
      await agent.logged("online");
      const { conditions } = await getStatus(rig);
      assert.ok(conditions.some((each) => each.code === "STATUS_SOCKET_UNUSABLE"));
      const { payload } = await rig.service.invoke("cave-01", "Diagnose", null);
      assert.match(
        JSON.stringify(payload),
        /"running agent","result":"warning","detail":"online; STATUS_SOCKET_UNUSABLE/,
      );
      const status = await runToEnd(t, ["status", "--config", file]);
      assert.equal(status.code, 70);
      assert.match(status.output, /an agent runs that cannot be asked on .*: process \d+, for cave-01/);
    });
  }

  it("nothing is wrong: one line, and nothing is left behind", async (t) => {
    const [rig, file] = await setUp(t, {});
    const { code, output } = await runToEnd(t, ["config", "check", file]);
    assert.equal(code, 0);
    assert.equal(output, `${file}: ok, for cave-01\n`);
    assert.deepEqual(readdirSync(join(rig.folder, "cave-01.state")), []);
  });
});
