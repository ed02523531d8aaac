// One drain in a process of its own: node measure.mjs <ours|sdk> <settings as JSON>; prints JSON.
import { drainOurs } from "./ours.mjs";
import { drainSdk } from "./sdk.mjs";

const [side, text] = process.argv.slice(2);
const settings = JSON.parse(text);
/** Not timed: an agent that comes back online has run for long, a fresh process has still to compile what it does. */
const WARM = Math.floor(settings.count / 5);
const timed = settings.count - WARM;
let delivered = 0;
let cpu;
let start;

function onDelivered() {
  delivered += 1;
  if (delivered !== WARM) return;
  cpu = process.cpuUsage();
  start = performance.now();
}

const drain = await (side === "ours" ? drainOurs : drainSdk)({ ...settings, onDelivered });
await drain.run();
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpu);
await drain.close();
const result = { perSecond: timed / seconds, cpu: (user + system) / timed };
process.stdout.write(JSON.stringify(result), () => process.exit());
