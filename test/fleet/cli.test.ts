import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./support.ts";

const CLI = fileURLToPath(new URL("../../../fleet/bin/cave-fleet.js", import.meta.url));

interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs cave-fleet as a person would, in `folder`, without what this process has in its environment for it. */
function run(folder: string, ...words: string[]): Promise<Outcome> {
  const { CAVE_HUB_CONNECTION_STRING: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...words], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test("help is exit code 0 and names every command; nothing at all is 64", async (t) => {
  const folder = await temporaryFolder(t);
  const help = await run(folder, "--help");
  assert.equal(help.exitCode, 0);
  for (const command of ["invoke", "twin", "watch", "certs", "simulate"])
    assert.match(help.stdout, RegExp(command));
  assert.equal((await run(folder)).exitCode, 64);
  assert.match((await run(folder, "-V")).stdout, /^\d+\.\d+\.\d+\n$/);
});

test("a wrong word is exit code 64, with the value and what would be right", async (t) => {
  const folder = await temporaryFolder(t);
  const wrong: [words: string[], said: RegExp][] = [
    [["invok"], /Did you mean invoke\?/],
    [["watch", "--intervall", "3"], /Did you mean --interval\?/],
    [["watch", "--interval", "0"], /--interval cannot be "0"[\s\S]*from 1 to 3600/],
    [["twin", "cave-01", "get"], /twin cannot "get"[\s\S]*show, set/],
    [["invoke", "cave-01", "SetFanState", "{on"], /not valid JSON/],
    [["simulate", "--caves", "0"], /--caves cannot be "0"[\s\S]*from 1 to 1000/],
    [["simulate", "--caves", "1001"], /--caves cannot be "1001"/],
    [["simulate", "--caves", "abc"], /--caves cannot be "abc"/],
    [["simulate", "--for", "5"], /--for cannot be "5"[\s\S]*30s/],
    [["simulate", "--state", ""], /--state cannot be empty/],
    [["certs", "root", "--out", ""], /--out cannot be empty/],
    [
      ["invoke", "cave-01", "Get Status"],
      /"Get Status" cannot be the name of a method[\s\S]*letters, digits/,
    ],
    [
      ["twin", "cave-01", "set", "targetTemp=11"],
      /cave-agent knows targetTemperature, .*and not targetTemp\n.*--force/,
    ],
    [
      ["twin", "cave-01", "unset", "targetTemp"],
      /cave-agent knows targetTemperature, .*and not targetTemp\n.*--force/,
    ],
    [["invoke", "", "GetStatus"], /"" cannot be a device id\n {2}use 1 to 64 of a-z, A-Z/],
    [["invoke", "cave 01", "GetStatus"], /"cave 01" cannot be a device id/],
    [["twin", ""], /"" cannot be a device id\n {2}use 1 to 64 of a-z, A-Z/],
    [["twin", "cave/01", "set", "fanMode=on"], /"cave\/01" cannot be a device id/],
    [["twin", "cave-01.", "unset", "fanMode"], /"cave-01\." cannot be a device id/],
    [["certs", "device", ""], /"" cannot be a device id\n {2}use 1 to 64 of a-z, 0-9/],
    [["watch", "--trusted-ca", "ca.pem"], /--trusted-ca is for a hub that --hub-connection-string names/],
    [["certs", "device", "Cave-01"], /"Cave-01" cannot be a device id/],
  ];
  for (const [words, said] of wrong) {
    const { exitCode, stderr } = await run(folder, ...words);
    assert.equal(exitCode, 64, words.join(" "));
    assert.match(stderr, said);
    assert.match(stderr, /\(try --help\)\n$/);
    assert.doesNotMatch(stderr, /\n\s+at /, "no stack trace");
  }
});

test("a result that cannot be written is exit code 1; that nobody reads it is no failure", async (t) => {
  if (!existsSync("/dev/full")) return t.skip("needs /dev/full");
  const status = (output: string) =>
    spawnSync("bash", ["-c", `"$0" "$1" --help ${output}; exit "\${PIPESTATUS[0]}"`, process.execPath, CLI])
      .status;
  assert.equal(status(">/dev/full"), 1);
  assert.equal(status("| true"), 0);
});

test("an id in capitals goes to the hub, as what --force lets by does: it may be in use there", async (t) => {
  const folder = await temporaryFolder(t);
  for (const words of [
    ["twin", "Cave-01"],
    ["invoke", "Cave-01", "GetStatus"],
    ["twin", "cave-01", "unset", "targetTemp", "--force"],
  ]) {
    const { exitCode, stderr } = await run(folder, ...words);
    assert.equal(exitCode, 1);
    assert.match(stderr, /no local cloud is running here/);
  }
});

test("without a local cloud it says how to get one", async (t) => {
  const { exitCode, stderr } = await run(await temporaryFolder(t), "watch", "--once");
  assert.equal(exitCode, 1);
  assert.match(stderr, /no local cloud is running here\n.*npm start.*--hub-connection-string/);
});

test("certificates are made from the command line, and never overwritten unasked", async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, "certs"));
  assert.equal((await run(folder, "certs", "root")).exitCode, 0);
  const made = await run(folder, "certs", "device", "cave-01", "cave-02");
  assert.equal(made.exitCode, 0);
  assert.equal(made.stdout.trim().split("\n").length, 4);
  assert.ok(!made.stdout.includes("PRIVATE KEY"));
  const again = await run(folder, "certs", "device", "cave-03", "cave-02");
  assert.equal(again.exitCode, 1);
  assert.match(again.stderr, /cave-02\.cert\.pem exists already/);
  const third = await run(folder, "certs", "device", "cave-03");
  assert.equal(third.exitCode, 0, "the refused call has made nothing of cave-03");
});

test("what is missing is named with the folder that was meant", async (t) => {
  const folder = await temporaryFolder(t);
  const { exitCode, stderr } = await run(folder, "certs", "device", "cave-01", "--out", "my certs");
  assert.equal(exitCode, 1);
  assert.match(stderr, /make a root with: cave-fleet certs root --out 'my certs'\n/);
});

test("a file in place of a folder is named, with the option that named it", async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "file"), "");
  const root = await run(folder, "certs", "root", "--out", "file/certs");
  assert.equal(root.exitCode, 64);
  assert.match(root.stderr, /file is a file, not a folder\n.*--out/);
  const simulate = await run(folder, "simulate", "--certs", "file");
  assert.equal(simulate.exitCode, 64);
  assert.match(simulate.stderr, /file is a file, not a folder\n.*--certs/);
});

test("a folder that is somebody else's is not taken for a state folder, and stays as it was", async (t) => {
  const folder = await temporaryFolder(t);
  const home = join(folder, "home");
  await mkdir(home, { mode: 0o755 });
  await writeFile(join(home, "letter"), "mine");
  const { exitCode, stderr } = await run(folder, "simulate", "--state", "home", "--certs", join(folder, "c"));
  assert.equal(exitCode, 64);
  assert.match(stderr, /home is not empty, and no state folder of a local cloud\n.*--state/);
  assert.deepEqual(await readdir(home), ["letter"]);
  assert.equal((await stat(home)).mode & 0o777, 0o755);
});

const START = fileURLToPath(new URL("../../../scripts/start.mjs", import.meta.url));

test("npm start says what should have been typed when npm has swallowed the options", async () => {
  const start = (environment: Record<string, string>, ...words: string[]) =>
    new Promise<Outcome>((resolve) => {
      const env = { ...process.env, npm_lifecycle_event: "start", ...environment };
      execFile(process.execPath, [START, ...words], { env }, (error, stdout, stderr) => {
        resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  // npm 11 hands `npm start --caves 30` and `npm start --caves=30` on in these two ways.
  for (const outcome of [
    await start({ npm_config_caves: "true" }, "30"),
    await start({ npm_config_caves: "30" }),
    await start({ npm_config_caves: "true", npm_config_for: "true" }, "30", "5s"),
  ]) {
    assert.equal(outcome.exitCode, 64);
    assert.match(outcome.stderr, /\n {2}npm start -- --caves 30\n$/);
  }
  const help = await start({}, "--help");
  assert.equal(help.exitCode, 0);
  assert.match(help.stdout, /^Usage: npm start -- \[options\]\n/);
});
