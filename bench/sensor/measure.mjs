// Reads in a process of its own: node measure.mjs <ours|plain> <reads> [held]; prints JSON.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { openOurs } from "./ours.mjs";
import { openPlain } from "./plain.mjs";

const [side, reads, held] = process.argv.slice(2);
const sensor = await (side === "ours" ? openOurs : openPlain)();
const read = () => (held ? sensor.read().catch(() => undefined) : sensor.read());

// The first read finds and starts the sensor; compiling is over after a few.
if (!held) for (let warm = 0; warm < 20; warm += 1) await read();
const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
// It counts from its first turn on.
await delay(20);
const times = [];
let spent = 0;
for (let left = Number(reads); left > 0; left -= 1) {
  // As between two reads of the agent, the sensor is ready for the next command.
  await delay(5);
  const cpu = process.cpuUsage();
  const start = performance.now();
  await read();
  times.push(performance.now() - start);
  const { user, system } = process.cpuUsage(cpu);
  spent += user + system;
}
// What has blocked the loop is seen at its next turn.
await delay(5);
loop.disable();
await sensor.close();
times.sort((a, b) => a - b);
const result = {
  median: times[Math.floor(times.length / 2)],
  late: times[Math.floor(times.length * 0.95)],
  cpu: spent / times.length,
  blocked: loop.max / 1e6,
};
process.stdout.write(JSON.stringify(result), () => process.exit());
