// npm test: sets up what is missing and runs every test that needs neither root nor hardware, or those that are named:
// `npm test -- test/cave` or `npm test -- test/cave/controller.test.ts`. Options go to node --test.
import { existsSync, readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { main, root, runNode, SetupError, setup } from "./setup.mjs";

const TESTS = join(root, "test");
/** These have commands of their own: they need a virtual machine, a systemd, a browser or minutes. */
const ELSEWHERE = ["kernel", "service", "browser", "soak"];
/** Test files at a time: most wait more than they compute. */
const CONCURRENCY = availableParallelism() + 1;
/** Milliseconds after which a test that hangs is called failed. */
const TIMEOUT = 180_000;

await main(async () => {
  const words = process.argv.slice(2);
  const named = words.filter((word) => !word.startsWith("-"));
  const sources = named.length > 0 ? named.flatMap(namedTests) : allTests();
  if (sources.length === 0) throw new SetupError("there is no test to run");
  await setup();
  const options = [
    "--enable-source-maps",
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TIMEOUT}`,
  ];
  process.exitCode = await runNode(
    [...options, ...words.filter((word) => word.startsWith("-")), ...sources.map(builtFile)],
    ["ignore", 1, 2],
  );
});

function allTests() {
  return testsIn(TESTS).filter((file) => !ELSEWHERE.includes(relative(TESTS, file).split(sep)[0] ?? ""));
}

function namedTests(word) {
  const path = resolve(word);
  if (!path.startsWith(TESTS) || !existsSync(path)) {
    throw new SetupError(`there is no test ${word}: name a file or a folder under test/`);
  }
  if (statSync(path).isDirectory()) return testsIn(path);
  if (path.endsWith(".test.ts")) return [path];
  throw new SetupError(`${word} is not a test: its name would end in .test.ts`);
}

/** Sources are listed, not what was built of them: the build of a deleted test may linger. */
function testsIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join(folder, name))
    .sort();
}

function builtFile(source) {
  return join(root, ".build", "test", relative(TESTS, source).replace(/\.ts$/, ".js"));
}
