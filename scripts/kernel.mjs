// npm run test:kernel: the agent and its add-ons on I2C and GPIO as a kernel has them, in one rig after the other, with
// a table of what came of it. `-- --fast` runs those that are quick, `-- fuse` those that are named,
// `-- test/kernel/fuse/onoff.test.ts` single files, and `-- --node 22` those that can have another Node, with that.
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { debian } from "./kernel/debian.mjs";
import { fuse } from "./kernel/fuse.mjs";
import { otherNode } from "./kernel/other-node.mjs";
import { raspi } from "./kernel/raspi.mjs";
import { filesOf, runRig, TESTS } from "./kernel/run-rig.mjs";
import { table } from "./kernel/table.mjs";
import { main, SetupError, setup } from "./setup.mjs";

/** From the fastest to the slowest; kernel/rig.d.ts says what a rig is. */
const RIGS = [fuse, debian, raspi];

await main(async () => {
  const { values, positionals } = words();
  const wanted = chosen(positionals, values);
  await setup();
  const other = values.node && (await otherNode(values.node));
  const results = [];
  for (const { rig, files } of wanted) results.push(await runRig(other ? rig.on(other) : rig, files));
  process.stdout.write(`\n${table(results)}\n`);
  if (results.some(({ result }) => result === "FAILED")) process.exitCode = 1;
});

function words() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { fast: { type: "boolean" }, node: { type: "string" } },
    });
  } catch (error) {
    throw new SetupError(error.message);
  }
}

/** The rigs to run, each with its test files. */
function chosen(words, { fast, node }) {
  const rigs = RIGS.filter((rig) => (rig.isFast || !fast) && (rig.on || !node));
  const wanted = words.length === 0 ? rigs.flatMap(allOf) : words.flatMap((word) => named(word, rigs));
  return rigs
    .map((rig) => ({ rig, files: wanted.filter((each) => each.rig === rig).map(({ file }) => file) }))
    .filter(({ files }) => files.length > 0);
}

function named(word, rigs) {
  const path = relative(TESTS, resolve(word));
  const isMeant = ({ rig, file }) => word === rig.name || path === join(rig.folder, file);
  const found = rigs.flatMap(allOf).filter(isMeant);
  if (found.length > 0) return found;
  const names = rigs.map(({ name }) => name).join(", ");
  throw new SetupError(`there is no rig and no test ${word}: name ${names}, or a test file`);
}

function allOf(rig) {
  return filesOf(rig).map((file) => ({ rig, file }));
}
