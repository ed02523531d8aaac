/**
 * One life of the agent in simulated time: `week.child.js <configuration> <wall clock at the start, milliseconds>`.
 * Prints the agent's log with simulated times, and lines of its own: `taken` for each sample, `beat` every ten minutes.
 */
import { setTimeout as delay } from "node:timers/promises";
import pino from "pino";
import { type Agent, startAgent } from "#agent/agent.js";
import { loadConfig } from "#agent/config.js";
import type { Clock } from "#agent/lib/clock.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { SETTINGS } from "./settings.ts";

/** Simulated milliseconds in a step, of a real one or a little more, while only time passes. */
const FAST = 10_000;
/** The same in a real millisecond while hub or disk owe an answer: 30 s are then 1.2 s, and 5 s are 0.2 s. */
const SLOW = 25;
/** Milliseconds: from the deadline of a read at the start to that of an answer of the hub. Shorter ones are of the cave. */
const DEADLINES = { least: 5000, most: 30_000 };
const BEAT = 600_000;

const [file = "", wall = ""] = process.argv.slice(2);
const fake = createFakeClock(Number(wall));
let owed = 0;
const clock: Clock = {
  ...fake,
  after(milliseconds, act) {
    const counts = milliseconds >= DEADLINES.least && milliseconds <= DEADLINES.most ? 1 : 0;
    owed += counts;
    let isOver = false;
    const end = () => {
      if (!isOver) owed -= counts;
      isOver = true;
    };
    const cancel = fake.after(milliseconds, () => {
      end();
      act();
    });
    return () => {
      end();
      cancel();
    };
  },
};
const log = pino(
  { base: null, timestamp: () => `,"time":${Math.round(clock.now())}` },
  pino.destination({ dest: 1, sync: true }),
);

let agent: Agent | undefined;
/** The fan's safe state is no work of the guard. */
let isStopping = false;
let isOver = false;

/** How far simulated time goes in `real` milliseconds: not at all while the disk owes an answer. */
function paceOf(real: number): number {
  if (process.getActiveResourcesInfo().includes("FSReqPromise")) return 0;
  const state = agent?.status().connection.state ?? "connecting";
  return owed > 0 || state === "connecting" || state === "provisioning" ? real * SLOW : FAST;
}

async function drive(): Promise<void> {
  let last = performance.now();
  while (!isOver) {
    await delay(1);
    const now = performance.now();
    await fake.advance(paceOf(Math.min(now - last, 5)));
    last = now;
    tell();
  }
}

let told: number | undefined;
let nextBeat = 0;

function tell(): void {
  if (!agent) return;
  const { connection, fan, outbox } = agent.status();
  told ??= outbox.taken;
  // Two may come in one step of the clock. Numbers that a start skips were never taken.
  for (; told < outbox.taken; told += 1)
    say({ event: "taken", sequence: outbox.lastSequence - outbox.taken + told + 1 });
  if (isStopping || clock.now() < nextBeat) return;
  nextBeat = clock.now() + BEAT;
  const { taken, waiting, dropped } = outbox;
  globalThis.gc?.();
  const { rss, heapUsed: heap } = process.memoryUsage();
  say({
    event: "beat",
    fan: fan.state,
    state: connection.state,
    taken,
    waiting,
    dropped,
    rss,
    heap,
  });
}

/** Past the log: these lines are no work of the agent. */
function say(line: object): void {
  process.stdout.write(`${JSON.stringify({ time: Math.round(clock.now()), ...line })}\n`);
}

const driving = drive();
process.once("disconnect", () => process.exit(1));
agent = await startAgent(loadConfig(file, SETTINGS), { log, clock, random: Math.random });
process.on("SIGHUP", () => agent?.reload());
process.once("SIGTERM", async () => {
  isStopping = true;
  await agent?.stop();
  isOver = true;
  await driving;
  process.exit(0);
});
await agent.fault;
