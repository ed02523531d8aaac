// npm run test:faults: runs every fault test at its full length and ends with a table of what came of each.
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { run } from "node:test";
import { main, root, SetupError, say, setup } from "./setup.mjs";

const SOURCES = join(root, "test", "faults");
const BUILT = join(root, ".build", "test", "faults");
/** Milliseconds after which a test that hangs is called failed. */
const TIMEOUT = 600_000;
/** Most of them wait for a process or a deadline; more at a time would make their clocks run late. */
const AT_A_TIME = Math.max(2, Math.min(4, Math.floor(availableParallelism() / 2)));

await main(async () => {
  const wanted = process.argv.slice(2);
  const files = faultFiles().filter(
    (name) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)),
  );
  if (files.length === 0)
    throw new SetupError("there is no such fault: name them by their numbers, as 01 12 33");
  await setup();
  process.env.CAVE_FAULTS = "full";
  const results = await runAll(files);
  process.stdout.write(`\n${table(results)}\n`);
  if (results.some(({ result }) => result === "FAILED")) process.exitCode = 1;
});

/** Sources are listed, not what was built of them: the build of a deleted test may linger. */
function faultFiles() {
  return readdirSync(SOURCES)
    .filter((name) => name.endsWith(".test.ts"))
    .sort();
}

/** @param {string[]} names of test files */
async function runAll(names) {
  const files = names.map((name) => join(BUILT, name.replace(/\.ts$/, ".js")));
  // The runner hands its own options on to the processes of the tests.
  process.execArgv.push("--enable-source-maps");
  const results = [];
  const events = run({ files, concurrency: AT_A_TIME, timeout: TIMEOUT });
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details.type === "suite") continue;
    const result = resultOf(type, data);
    results.push(result);
    say(`${result.fault} ${result.result}: ${result.name}`);
    if (result.result === "FAILED") say(reasonOf(data.details.error));
  }
  return [...results, ...silent(names, results)].sort((a, b) => a.fault.localeCompare(b.fault));
}

function resultOf(type, { name, file = name, skip, details }) {
  const fault = /^\d+/.exec(basename(file))?.[0] ?? "?";
  const seconds = details.duration_ms / 1000;
  if (skip !== undefined) return { fault, name, result: "skipped", reason: String(skip), seconds };
  if (type === "test:pass") return { fault, name, result: "passed", seconds };
  return { fault, name, result: "FAILED", reason: reasonOf(details.error).split("\n")[0], seconds };
}

function reasonOf(error) {
  const cause = error?.cause instanceof Error ? error.cause.message : error?.cause;
  return String(cause ?? error?.message ?? error);
}

/** A file of which nothing was heard has not passed. */
function silent(names, results) {
  const heard = new Set(results.map(({ fault }) => fault));
  return names
    .filter((name) => !heard.has(name.slice(0, 2)))
    .map((name) => ({ fault: name.slice(0, 2), name, result: "FAILED", reason: "no test ran", seconds: 0 }));
}

function table(results) {
  const width = Math.min(100, Math.max(...results.map(({ name }) => name.length)));
  const lines = results.map(({ fault, name, result, reason, seconds }) => {
    const shown = name.length > width ? `${name.slice(0, width - 1)}…` : name.padEnd(width);
    const why = reason ? `  ${reason.slice(0, 120)}` : "";
    return `${fault.padStart(5)}  ${shown}  ${result.padEnd(7)}  ${seconds.toFixed(1).padStart(7)}${why}`;
  });
  const count = (wanted) => results.filter(({ result }) => result === wanted).length;
  const sum = `${count("passed")} passed, ${count("FAILED")} failed, ${count("skipped")} skipped`;
  return [`fault  ${"what".padEnd(width)}  result   seconds`, ...lines, "", sum].join("\n");
}
