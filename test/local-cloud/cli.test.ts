import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { FORMATS } from "#agent/config-formats.js";
import { isIdScope } from "#cloud/dps/id-scope.js";
import type { Endpoints } from "#cloud/index.js";
import { defer } from "../support/cleanup.ts";
import { createTestCa, temporaryDirectory } from "../support/pki.ts";

const PROGRAM = resolve("local-cloud/bin/cave-cloud.js");
const ANY_PORT = ["--dps-port", "0", "--hub-port", "0", "--service-port", "0"];

function start(args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.err += text;
  });
  const ended = new Promise<number | null>((done) => child.once("close", (code) => done(code)));
  const firstLine = new Promise<void>((done) => child.stdout.once("data", () => done()));
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return { child, output, ended, kill, started: Promise.race([firstLine, ended]) };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends it within 2 s with exit code 0 and takes endpoints.json away`, async (t) => {
    const directory = await temporaryDirectory(t);
    const ca = await createTestCa(directory);
    const group = `cheesecave-devices=${ca.certificateFile}`;
    const program = start([
      "--json",
      "--state",
      `${directory}/state`,
      "--enrollment-group",
      group,
      ...ANY_PORT,
    ]);
    defer(t, program.kill);
    await program.started;
    const endpoints: Endpoints = JSON.parse(program.output.out);
    assert.equal(endpoints.pid, program.child.pid);
    assert.equal(endpoints.enrollmentGroups[0]?.enrollmentGroupId, "cheesecave-devices");
    const begun = Date.now();
    program.child.kill(signal);
    assert.equal(await program.ended, 0);
    assert.ok(Date.now() - begun < 2000);
    assert.equal(program.output.err, "");
    assert.equal(existsSync(`${directory}/state/endpoints.json`), false);
  });
}

test("without an enrolment group it says that nobody can register and what to do", async (t) => {
  const directory = await temporaryDirectory(t);
  const program = start(["--state", `${directory}/state`, ...ANY_PORT]);
  defer(t, program.kill);
  await program.started;
  assert.match(program.output.out, /Nobody can register/);
  assert.match(program.output.out, /cave-fleet certs root/);
  assert.doesNotMatch(program.output.out, /SharedAccessKey/);
  program.child.kill("SIGTERM");
  assert.equal(await program.ended, 0);
});

test("hubs are counted or named, each with its own ports", async (t) => {
  const cases: [args: string[], names: string[]][] = [
    [
      ["--hubs", "2"],
      ["local-hub", "local-hub-2"],
    ],
    [
      ["--hub", "north", "--hub", "south"],
      ["north", "south"],
    ],
  ];
  for (const [args, names] of cases) {
    const directory = await temporaryDirectory(t);
    const program = start(["--json", "--state", `${directory}/state`, ...ANY_PORT, ...args]);
    defer(t, program.kill);
    await program.started;
    const { hubs }: Endpoints = JSON.parse(program.output.out);
    assert.deepEqual(
      hubs.map(({ name }) => name),
      names,
    );
    const addresses = hubs.flatMap((hub) => [
      hub.hostName,
      /HostName=([^;]+)/.exec(hub.connectionString)?.[1],
    ]);
    assert.equal(new Set(addresses).size, 4);
    program.child.kill("SIGTERM");
    assert.equal(await program.ended, 0);
  }
});

test("help and version exit 0, a wrong use 64", async (t) => {
  const directory = await temporaryDirectory(t);
  const cases: [args: string[], code: number, says: RegExp][] = [
    [["--help"], 0, /--enrollment-group <id=ca\.pem>/],
    [["--version"], 0, /^\d+\.\d+\.\d+\n$/],
    [["--bogus"], 64, /unknown option '--bogus'/],
    [["extra"], 64, /too many arguments/],
    [["--dps-port", "70000"], 64, /port from 0 to 65535/],
    [["--enrollment-group", "no-file"], 64, /ID=CA\.pem/],
    [["--hubs", "0"], 64, /number from 1 to 50/],
    [["--hubs", "2", "--hub", "north"], 64, /cannot be used with/],
    [["--id-scope", ""], 64, /It must be 0n and 4 to 30 letters and digits/],
    [["--id-scope", "x y"], 64, /It must be 0n and 4 to 30 letters and digits/],
    [
      ["--dps-port", "9000", "--hub-port", "9000"],
      64,
      /^error: --dps-port and --hub-port name the same port, 9000; give each its own/,
    ],
    [["--hubs", "3", "--service-port", "8885"], 64, /--hub-port and --service-port name the same port, 8885/],
    [["--log-level", "loud"], 64, /silent, error, warn, info, debug/],
  ];
  for (const [args, code, says] of cases) {
    const program = start(["--state", `${directory}/state`, ...args]);
    defer(t, program.kill);
    assert.equal(await program.ended, code, args.join(" "));
    assert.match(program.output.out + program.output.err, says);
  }
});

/** A port on which somebody else listens. */
async function takePort(t: TestContext): Promise<string> {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  defer(t, () => taken.close());
  const address = taken.address();
  assert.ok(typeof address === "object" && address !== null);
  return String(address.port);
}

test("an ID scope is refused that the agent's configuration refuses, and no other", () => {
  const scopes = [
    "0ne00123ABC",
    "0nab12",
    "",
    "x y",
    "0ne",
    "0nabc",
    " 0ne00123ABC",
    "0ne00123ABC\n",
    "1ne00123ABC",
  ];
  for (const scope of [...scopes, `0n${"a".repeat(30)}`, `0n${"a".repeat(31)}`]) {
    const forAgent = () => FORMATS.idScope.validate(scope);
    if (isIdScope(scope)) assert.doesNotThrow(forAgent, scope);
    else assert.throws(forAgent, /ID scope/, scope);
  }
});

test("an unreadable CA exits 78 and a port in use 70, each with one line and no stack", async (t) => {
  const directory = await temporaryDirectory(t);
  const port = await takePort(t);
  const other = await takePort(t);
  const state = ["--state", `${directory}/state`, ...ANY_PORT];
  const cases: [args: string[], code: number, says: RegExp][] = [
    [["--enrollment-group", `g=${directory}/none.pem`], 78, /none\.pem: ENOENT/],
    [["--hub", "no_underscore"], 78, /hub name 'no_underscore'; give it 3 to 50 letters/],
    [
      ["--hub-port", port],
      70,
      RegExp(`IoT hub: port ${port} on loopback is in use; .* name another port by --hub-port \\(`),
    ],
    [
      ["--dps-port", port, "--service-port", other],
      70,
      RegExp(
        `: DPS: port ${port}, service API: port ${other} on loopback are in use; .* by --dps-port, --service-port `,
      ),
    ],
    [["--hub-port", "65535", "--hubs", "2"], 70, /port 65536: .*; name another port by --hub-port/],
  ];
  for (const [args, code, says] of cases) {
    const program = start([...state, ...args]);
    assert.equal(await program.ended, code);
    assert.match(program.output.err, says);
    assert.equal(program.output.err.trim().split("\n").length, 1, program.output.err);
  }
});
