import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { askStatus } from "#agent/health/client.js";
import type { AgentRig, CloudRig } from "../support/rig.ts";
import { until } from "../support/until.ts";
import type { Ledger } from "./ledger.ts";

const MEBIBYTE = 1024 * 1024;
/** Of an agent whose outbox is nearly empty: about twice what it has when all is well. */
const MOST_MEMORY = 256 * MEBIBYTE;
/** Milliseconds. */
const LOOK_EVERY = 100;

/**
 * What every agent has to show after a fault: it lives, is small, and once it is stopped nothing waits, nothing was
 * dropped, and all its samples are at the hub, none under two ids.
 */
export async function assertSoundEnd(
  rig: CloudRig,
  agent: AgentRig,
  ledger: Ledger,
  runs = 1,
): Promise<void> {
  assert.equal(agent.process.exitCode, null, agent.output());
  const isEmpty = async () => (await askStatus(socketOf(rig))).outbox.waiting === 0;
  await until("nothing waits", isEmpty, { onTimeout: agent.output });
  const memory = peakMemory(agent.process.pid);
  assert.ok(memory === undefined || memory < MOST_MEMORY, `${memory} bytes of memory`);
  assert.equal((await agent.stop()).code, 0, agent.output());
  const { waiting, dropped, lastSequence } = (await agent.logged("stopped")).outbox as Record<string, number>;
  assert.deepEqual([waiting, dropped], [0, 0], agent.output());
  ledger.assertSound();
  ledger.assertWhole(lastSequence ?? 0, runs);
}

/** Watches an agent's first run until the test ends: whatever it counts as delivered is at the hub. */
export function watchCounts(
  t: TestContext,
  rig: CloudRig,
  ledger: Ledger,
): { looks(): number; end(): Promise<void> } {
  const ending = new AbortController();
  let looks = 0;
  async function watch(): Promise<void> {
    while (!ending.signal.aborted) {
      const { outbox } = (await askStatus(socketOf(rig)).catch(() => undefined)) ?? {};
      if (outbox) {
        looks += 1;
        const delivered = outbox.lastSequence - outbox.waiting - outbox.dropped;
        const there = ledger.sequences().length;
        assert.ok(delivered <= there, `counts ${delivered} as delivered, the hub has ${there}`);
      }
      await delay(LOOK_EVERY);
    }
  }
  const watching = watch();
  watching.catch(() => undefined);
  t.after(() => ending.abort());
  return {
    looks: () => looks,
    end() {
      ending.abort();
      return watching;
    },
  };
}

function socketOf(rig: CloudRig): string {
  return join(rig.folder, "cave-01.state", "status.sock");
}

/** Bytes; undefined where the kernel does not tell. */
function peakMemory(pid: number | undefined): number | undefined {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return undefined;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, "utf8"))?.[1]) * 1024;
}
