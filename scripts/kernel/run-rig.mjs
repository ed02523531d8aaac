import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { root, say } from "../setup.mjs";

export const TESTS = join(root, "test", "kernel");
const BUILT = join(root, ".build", "test", "kernel");
const REPORTER = join(root, "scripts", "kernel", "reporter.mjs");

/** Sources are listed, not what was built of them: the build of a deleted test may linger. */
export function filesOf({ folder }) {
  return readdirSync(join(TESTS, folder))
    .filter((file) => file.endsWith(".test.ts"))
    .sort();
}

/**
 * Runs test files of a rig.
 * @param {import("./rig.d.ts").Rig} rig
 * @param {string[]} files
 */
export async function runRig(rig, files) {
  const from = performance.now();
  const obstacle = (await rig.canRun()) ?? (await prepare(rig));
  if (obstacle) {
    const isFailure = Boolean(process.env.CI) && !obstacle.isImpossible;
    const result = isFailure ? "FAILED" : "skipped";
    return { name: rig.name, result, reason: obstacle.reason, tests: [], seconds: 0 };
  }
  const tests = await runFiles(rig, files);
  const result = tests.some((test) => test.result === "FAILED") ? "FAILED" : "passed";
  return { name: rig.name, result, tests, seconds: (performance.now() - from) / 1000 };
}

/** A download that fails is an obstacle, like a program that is missing; anything else is a defect. */
async function prepare(rig) {
  try {
    await rig.prepare?.();
    return undefined;
  } catch (error) {
    if (error.name !== "Unavailable") throw error;
    return { reason: error.message };
  }
}

/** Several at a time, each in a process of its own from beginning to end. */
async function runFiles(rig, files) {
  const waiting = [...files];
  const results = [];
  const work = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift())
      results.push(...(await runFile(rig, file)));
  };
  await Promise.all(Array.from({ length: rig.atATime }, work));
  return results;
}

async function runFile(rig, file) {
  const folder = mkdtempSync(join(tmpdir(), "cave-kernel-"));
  const record = join(folder, "results");
  try {
    const { code, output } = await runNode(rig, [
      ...["--enable-source-maps", "--test", `--test-timeout=${rig.timeout}`],
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...[`--test-reporter=${REPORTER}`, `--test-reporter-destination=${record}`],
      join(BUILT, rig.folder, file.replace(/\.ts$/, ".js")),
    ]);
    const tests = recorded(record).map((test) => ({ ...test, file }));
    // A file of which nothing was heard, or whose process failed by itself, has not passed.
    if (tests.length === 0 || (code !== 0 && !tests.some(({ result }) => result === "FAILED")))
      tests.push({ file, name: file, result: "FAILED", reason: `node ended with ${code}`, seconds: 0 });
    say(output.trimEnd());
    return tests;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runNode(rig, words) {
  const [command, ...rest] = [...(rig.enter?.() ?? []), rig.node ?? process.execPath, ...words];
  const env = { ...process.env, ...rig.env?.() };
  const child = spawn(command, rest, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  const [code, out, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, output: `${out}${errors}` };
}

function recorded(file) {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  } catch {
    return [];
  }
}
