// node bench/sensor/run.mjs [--quick]: what a read of the sensor costs beside plain i2c-bus, on the FUSE rig of
// npm run test:kernel; bench/README.md says what it means.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fuse } from "../../scripts/kernel/fuse.mjs";

const isQuick = process.argv.includes("--quick");
const READS = isQuick ? 50 : 300;
const PAIRS = isQuick ? 3 : 5;
/** Milliseconds of a conversion that no program can do without. */
const CONVERSION = 16;
/** Milliseconds for which a line is held before the controller gives up; the kernel's own time is 1000. */
const HELD = 500;
const MEASURE = fileURLToPath(new URL("./measure.mjs", import.meta.url));

if (process.env.KERNEL_RIG_OUTSIDE === undefined) await enterRig();
else await compare();

/** The same again in namespaces of its own, over whose /dev the rig may mount. */
async function enterRig() {
  const obstacle = fuse.canRun();
  if (obstacle) {
    process.stderr.write(`not measured: ${obstacle.reason}\n`);
    process.exitCode = 1;
    return;
  }
  const [command, ...words] = [...fuse.enter(), process.execPath, ...process.argv.slice(1)];
  const env = { ...process.env, ...fuse.env() };
  const [code] = await once(spawn(command, words, { env, stdio: "inherit" }), "exit");
  process.exitCode = code ?? 1;
}

async function compare() {
  const { startPi } = await import("../../.build/test/kernel/fuse/pi/pi.js");
  const ends = [];
  const pi = await startPi({ after: (end) => ends.push(end) });
  try {
    print(["", "ours", "plain", "ours/plain"]);
    const found = await pairs(READS);
    const of = (name) => ["ours", "plain"].map((side) => median(found.map((pair) => pair[side][name])));
    row("ms, median", of("median"), 2);
    row(`ms beyond ${CONVERSION}`, of("median").map(above), 2);
    row("ms, 95th percentile", of("late"), 2);
    row("µs CPU", of("cpu"), 0);
    row("loop blocked, ms", of("blocked"), 1);
    await pi.setBusFaults({ heldFor: HELD });
    const held = await pairs(1, "held");
    row(
      "held bus: loop blocked, ms",
      ["ours", "plain"].map((side) => median(held.map((pair) => pair[side].blocked))),
      1,
    );
  } finally {
    for (const end of ends) await end();
  }
}

/** Alternating, so that a machine that warms up or is disturbed does the same to both. */
async function pairs(reads, ...words) {
  const found = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const figures = {};
    for (const side of pair % 2 === 0 ? ["ours", "plain"] : ["plain", "ours"]) {
      const { stdout } = await promisify(execFile)(process.execPath, [MEASURE, side, reads, ...words]);
      figures[side] = JSON.parse(stdout);
    }
    found.push(figures);
  }
  return found;
}

function above(milliseconds) {
  return milliseconds - CONVERSION;
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function row(name, [ours, plain], digits) {
  print([name, ours.toFixed(digits), plain.toFixed(digits), (ours / plain).toFixed(2)]);
}

function print([name, ...cells]) {
  process.stdout.write(`${name.padEnd(28)}${cells.map((cell) => cell.padEnd(12)).join("")}\n`);
}
