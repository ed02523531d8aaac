import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "#agent/errors.js";
import { type CloudRig, startCloud, writeAgentConfig } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { type Disk, mountDisk } from "./disk.ts";
import { type Life, startLife } from "./life.ts";
import { disorderOf, droppedIn, guardBreaches, lostOf, memoryOf, type Received, takenIn } from "./oracle.ts";
import { GUARD, HOUR, MOST_BYTES } from "./settings.ts";
import { tableOf } from "./table.ts";

const DEVICE = "cave-01";
const MEBIBYTE = 1024 * 1024;
/** To the disk in the whole week: a card of 8 GB that is good for 1,000 times its size outlives centuries of it. */
const MOST_WRITTEN = 128 * MEBIBYTE;
/** Bytes from a life's fourth hour to its last. What is resident is up to the engine too; what lives on its heap is not. */
const MOST_GROWTH = { rss: 32 * MEBIBYTE, heap: 3 * MEBIBYTE };
/** Simulated milliseconds between two lives. */
const AWAY = 60_000;

interface Week {
  rig: CloudRig;
  config: string;
  begin: number;
  lives: Life[];
  /** Of the certificates that took another's place, newest last. */
  thumbprints: string[];
  received: Received;
  /** Bytes in the state directory, at most. */
  mostBytes: number;
  /** Of the state directory; undefined where none can be mounted. */
  disk: Disk | undefined;
}

type Deed = (week: Week) => Promise<unknown>;

const stop: Deed = ({ rig }) => rig.cloud.hub.stop();
const start: Deed = ({ rig }) => rig.cloud.hub.start();
const kill: Deed = (week) => restart(week, "SIGKILL");
const terminate: Deed = (week) => restart(week, "SIGTERM");

/** What happens at which hour of the week. */
const PLAN: [hour: number, what: string, deed: Deed][] = [
  [6, "hub gone", stop],
  [6.5, "hub back", start],
  [14, "SIGKILL", kill],
  [24, "hub gone for the night", stop],
  [28, "SIGKILL offline", kill],
  [32, "hub back", start],
  [48, "SIGTERM", terminate],
  [60, "certificate replaced, SIGHUP", (week) => replaceCertificate(week, "SIGHUP")],
  [72, "SIGKILL", kill],
  [72.1, "SIGKILL", kill],
  [72.2, "SIGKILL", kill],
  [84, "hub gone", stop],
  [84.5, "SIGTERM offline", terminate],
  [85, "hub back", start],
  [96, "certificate replaced", (week) => replaceCertificate(week)],
  [97, "hub gone", stop],
  [97.3, "hub back", start],
  [120, "hub gone for half a day", stop],
  [132, "hub back", start],
  [150, "SIGKILL", kill],
];

it("a simulated week: nothing lost, memory flat, the disk within its cap, the fan guarded", async (t) => {
  const week = await begin(t);
  for (const [hour, what, deed] of PLAN) {
    await reach(week, hour);
    await deed(week);
    t.diagnostic(`hour ${hour}: ${what}`);
  }
  await reach(week, 168);
  await until("the outbox is empty", () => waitingIn(week) === 0);
  await current(week).end("SIGTERM");
  for (const line of tableOf(week)) t.diagnostic(line);
  await judge(week);
  judgeWear(t, week);
});

async function begin(t: TestContext): Promise<Week> {
  const rig = await startCloud(t);
  const received: Received = { bodies: new Map(), contradictions: [] };
  rig.cloud.hub.onTelemetry(({ messageId = "none", body }) => {
    const known = received.bodies.get(messageId);
    if (known !== undefined && known !== body) received.contradictions.push(messageId);
    received.bodies.set(messageId, body);
  });
  const config = await writeAgentConfig(rig, { deviceId: DEVICE });
  const disk = await mountDisk(t, stateOf(rig)).catch((error: unknown) => {
    t.diagnostic(`what reaches the disk is not measured: ${messageOf(error)}`);
    return undefined;
  });
  const at = Date.now();
  const week: Week = { rig, config, begin: at, lives: [], thumbprints: [], received, mostBytes: 0, disk };
  week.lives.push(startLife(config, at));
  t.after(() => current(week).endedBy ?? current(week).end("SIGKILL"));
  return week;
}

const stateOf = ({ folder }: CloudRig) => join(folder, `${DEVICE}.state`);

async function judge({ lives, received, mostBytes, rig, thumbprints }: Week): Promise<void> {
  assert.deepEqual(lostOf(lives, received, DEVICE), [], "taken, and not at the hub");
  assert.deepEqual(received.contradictions, [], "ids that stand for two bodies");
  assert.deepEqual(disorderOf(lives), []);
  assert.deepEqual(guardBreaches(lives, GUARD), []);
  assert.ok(mostBytes <= MOST_BYTES, `${mostBytes} bytes in the state directory`);
  assert.equal(droppedIn(lives), 0, "dropped");
  for (const memory of lives.map(memoryOf)) {
    if (!memory) continue;
    assert.ok(memory.rss.late - memory.rss.early <= MOST_GROWTH.rss, JSON.stringify(memory));
    assert.ok(memory.heap.late - memory.heap.early <= MOST_GROWTH.heap, JSON.stringify(memory));
  }
  const unseen = received.bodies.size - takenIn(lives).length;
  assert.ok(unseen >= 0 && unseen <= lives.filter(({ endedBy }) => endedBy === "SIGKILL").length);
  assert.ok(takenIn(lives).length > 1000, "a week at 600 s makes 1008 regular samples");
  assert.ok(guardBreaches(lives, { ...GUARD, switchesPerHour: 2 }).length > 0, "the guard was not needed");
  const { reported } = await rig.service.getTwin(DEVICE);
  assert.equal((reported.certificate as { thumbprint?: string }).thumbprint, thumbprints.at(-1));
}

function judgeWear(t: TestContext, { disk }: Week): void {
  if (!disk) return;
  const bytes = disk.written();
  t.diagnostic(`reached the disk: ${(bytes / MEBIBYTE).toFixed(1)} MiB`);
  assert.ok(bytes <= MOST_WRITTEN, `${bytes} bytes written`);
}

async function reach(week: Week, hour: number): Promise<void> {
  while (current(week).now() < week.begin + hour * HOUR) {
    week.mostBytes = Math.max(week.mostBytes, bytesIn(stateOf(week.rig)));
    await delay(20);
  }
}

async function restart(week: Week, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const life = current(week);
  await life.end(signal);
  week.lives.push(startLife(week.config, (life.lines.at(-1)?.time ?? life.startedAt) + AWAY));
}

/** As a person does who copies two files: for a moment the key does not fit the certificate. */
async function replaceCertificate(week: Week, signal?: NodeJS.Signals): Promise<void> {
  const { rig, thumbprints } = week;
  const leaf = await rig.authority.issueDevice({ commonName: DEVICE });
  for (const [name, pem] of [
    ["cert", leaf.certificatePem],
    ["key", leaf.keyPem],
  ]) {
    const file = join(rig.folder, `${DEVICE}.${name}.pem`);
    writeFileSync(`${file}.new`, pem ?? "", { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  thumbprints.push(thumbprintOf(leaf.certificatePem));
  if (signal) current(week).signal(signal);
}

function thumbprintOf(pem: string): string {
  return new X509Certificate(pem).fingerprint.replaceAll(":", "");
}

function current({ lives }: Week): Life {
  const life = lives.at(-1);
  if (!life) throw new Error("no life has begun");
  return life;
}

function waitingIn(week: Week): number | undefined {
  return current(week).lines.findLast(({ event }) => event === "beat")?.waiting;
}

/** Files may go while they are counted. */
function bytesIn(folder: string): number {
  const sizeOf = (name: string) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return found?.isFile() ? found.size : 0;
  };
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce(
      (sum, name) => sum + sizeOf(name),
      0,
    );
  } catch {
    return 0;
  }
}
