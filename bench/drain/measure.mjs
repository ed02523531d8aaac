// One drain in a process of its own: node measure.mjs <ours|sdk> <settings as JSON>; prints JSON.
import { drainOurs } from "./ours.mjs";
import { drainSdk } from "./sdk.mjs";

const [side, text] = process.argv.slice(2);
const settings = JSON.parse(text);
const drain = await (side === "ours" ? drainOurs : drainSdk)(settings);
const cpu = process.cpuUsage();
const start = performance.now();
await drain.run();
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpu);
await drain.close();
const result = { perSecond: settings.count / seconds, cpu: (user + system) / settings.count };
process.stdout.write(JSON.stringify(result), () => process.exit());
