// Brings a fresh clone to where the programs can run, and does nothing where that is so already. Node's own modules
// only: this runs before anything is installed.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const TSC = join(root, "node_modules", "typescript", "bin", "tsc");

/** A step of the set-up did not work; it has said why itself. */
export class SetupError extends Error {
  name = "SetupError";
}

/** Checks Node, installs if node_modules is not what package-lock.json says, builds what has changed. */
export async function setup() {
  checkNode();
  await install();
  await build();
}

/** Runs `work` and ends the process with 1 and one line if the set-up fails. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

/** Progress, on standard error: standard output belongs to the program that is started. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a Node script and resolves to its exit code, 1 if a signal ended it.
 * @param {string[]} words the script and its arguments
 */
export async function runNode(words, stdio = ["ignore", 2, 2]) {
  return (await run(process.execPath, words, { stdio })).exitCode;
}

export async function checkAndInstall() {
  checkNode();
  await install();
}

/** Resolves to true if all types are right. */
export async function compile() {
  const late = setTimeout(() => say("building…"), 1000);
  try {
    return (await runNode([TSC, "--build"])) === 0;
  } finally {
    clearTimeout(late);
  }
}

function checkNode() {
  const { engines } = readJson(join(root, "package.json")) ?? {};
  const [major, minor] = /(\d+)\.(\d+)/
    .exec(engines?.node ?? "")
    ?.slice(1)
    .map(Number) ?? [0, 0];
  const [ownMajor, ownMinor] = process.versions.node.split(".").map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  throw new SetupError(
    `this needs Node ${major}.${minor} or later, and this is ${process.versions.node}: install a newer one from nodejs.org`,
  );
}

async function install() {
  if (isInstalled()) return;
  say("installing… (once; it takes a minute or so)");
  const { exitCode, output } = await runNpm(["ci"]);
  if (exitCode === 0) return;
  say(output.trimEnd());
  throw new SetupError("npm could not install: see above; is there a network, and space on the disk?");
}

async function runNpm(words) {
  const quiet = [...words, "--no-audit", "--no-fund", "--loglevel=error"];
  const options = { stdio: ["ignore", "pipe", "pipe"] };
  // `npm start` tells where npm itself lies; without it, the one on the PATH has to do.
  const npm = process.env.npm_execpath;
  return npm?.endsWith(".js")
    ? await run(process.execPath, [npm, ...quiet], options)
    : await run("npm", quiet, { ...options, shell: process.platform === "win32" });
}

async function build() {
  if (!(await compile())) throw new SetupError("the build failed: see above");
}

/** Compares what npm installed (its own record of it) with what the lockfile asks for. */
function isInstalled() {
  const wanted = readJson(join(root, "package-lock.json"))?.packages ?? {};
  const present = readJson(join(root, "node_modules", ".package-lock.json"))?.packages;
  if (!present || !existsSync(TSC)) return false;
  return Object.entries(wanted).every(([path, { version, optional, devOptional, peer }]) => {
    if (!path.startsWith("node_modules/")) return true;
    const found = present[path];
    // What is optional may be missing: made for another system, or without a compiler to build it.
    if (!found) return Boolean(optional || devOptional || peer);
    return found.version === version;
  });
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function run(command, words, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd: root, ...options });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.once("error", (error) => reject(new SetupError(`cannot run ${command}: ${error.message}`)));
    child.once("close", (exitCode) => resolve({ exitCode: exitCode ?? 1, output }));
  });
}
