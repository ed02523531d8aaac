// npm run test:kernel: the agent and its add-ons on I2C and GPIO as a kernel has them, in one rig after the other, with
// a table of what came of it. `-- --fast` runs those that take seconds, `-- fuse` those that are named, and
// `-- test/kernel/fuse/onoff.test.ts` single files.
import { dirname, relative, resolve } from "node:path";
import { fuse } from "./kernel/fuse.mjs";
import { filesOf, runRig, TESTS } from "./kernel/run-rig.mjs";
import { table } from "./kernel/table.mjs";
import { main, SetupError, setup } from "./setup.mjs";

/** From the fastest to the slowest; kernel/rig.d.ts says what a rig is. */
const RIGS = [fuse];

await main(async () => {
  const wanted = chosen(process.argv.slice(2));
  await setup();
  const results = [];
  for (const { rig, files } of wanted) results.push(await runRig(rig, files));
  process.stdout.write(`\n${table(results)}\n`);
  if (results.some(({ result }) => result === "FAILED")) process.exitCode = 1;
});

/** The rigs to run, each with its test files. */
function chosen(words) {
  const named = words.filter((word) => !word.startsWith("-"));
  if (named.length === 0) {
    const rigs = RIGS.filter(({ isFast }) => isFast || !words.includes("--fast"));
    return rigs.map((rig) => ({ rig, files: filesOf(rig) }));
  }
  return named.map((word) => {
    const rig = RIGS.find(({ name }) => name === word);
    if (rig) return { rig, files: filesOf(rig) };
    const path = relative(TESTS, resolve(word));
    const home = RIGS.find(({ name }) => name === dirname(path));
    const file = home && filesOf(home).find((name) => `${home.name}/${name}` === path);
    if (file) return { rig: home, files: [file] };
    throw new SetupError(
      `there is no rig and no test ${word}: name ${RIGS.map(({ name }) => name).join(", ")}, or a test file`,
    );
  });
}
