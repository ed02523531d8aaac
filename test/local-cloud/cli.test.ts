import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { test } from "node:test";
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

test("help and version exit 0, a wrong use 64", async () => {
  const cases: [args: string[], code: number, says: RegExp][] = [
    [["--help"], 0, /--enrollment-group <id=ca\.pem>/],
    [["--version"], 0, /^\d+\.\d+\.\d+\n$/],
    [["--bogus"], 64, /unknown option '--bogus'/],
    [["extra"], 64, /too many arguments/],
    [["--dps-port", "70000"], 64, /port from 0 to 65535/],
    [["--enrollment-group", "no-file"], 64, /ID=CA\.pem/],
    [["--hubs", "0"], 64, /number from 1 to 50/],
    [["--hubs", "2", "--hub", "north"], 64, /cannot be used with/],
    [["--log-level", "loud"], 64, /silent, error, warn, info, debug/],
  ];
  for (const [args, code, says] of cases) {
    const program = start(args);
    assert.equal(await program.ended, code, args.join(" "));
    assert.match(program.output.out + program.output.err, says);
  }
});

test("an unreadable CA exits 78 and a port in use 70, each with one line and no stack", async (t) => {
  const directory = await temporaryDirectory(t);
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => taken.once("listening", done));
  defer(t, async () => {
    taken.close();
  });
  const address = taken.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const state = ["--state", `${directory}/state`, ...ANY_PORT];
  const cases: [args: string[], code: number, says: RegExp][] = [
    [["--enrollment-group", `g=${directory}/none.pem`], 78, /none\.pem: ENOENT/],
    [["--hub", "no_underscore"], 78, /hub name 'no_underscore'; give it 3 to 50 letters/],
    [["--hub-port", port], 70, new RegExp(`IoT hub: port ${port} on loopback is in use`)],
  ];
  for (const [args, code, says] of cases) {
    const program = start([...state, ...args]);
    assert.equal(await program.ended, code);
    assert.match(program.output.err, says);
    assert.equal(program.output.err.trim().split("\n").length, 1, program.output.err);
  }
});
