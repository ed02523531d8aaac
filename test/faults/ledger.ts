import assert from "node:assert/strict";
import type { ReceivedMessage } from "#cloud/index.js";
import type { CloudRig } from "../support/rig.ts";
import { until } from "../support/until.ts";

/** One message as it came to the hub. */
export interface Received {
  id: string;
  sequence: number;
  body: { temperature: number; humidity: number; source: string; sequence: number };
  properties: Record<string, string>;
  /** When the agent says that it was sampled, milliseconds since 1970. */
  createdAt: number;
  /** When it came, milliseconds since 1970. */
  cameAt: number;
}

/** All that came to the hub, or to any of several, from one device, for the questions that every fault test ends with. */
export interface Ledger {
  readonly received: readonly Received[];
  sequences(): number[];
  /** Waits until all of these have come. */
  has(sequences: readonly number[], seconds?: number): Promise<void>;
  /** None twice under different ids, and what came twice was the same sample. */
  assertSound(): void;
  /**
   * No sample is missing up to `last`. Where an agent was killed its numbers go on after a leap, so that none repeats:
   * so many runs may be told apart.
   */
  assertWhole(last: number, runs?: number): void;
}

export function openLedger(rig: CloudRig, deviceId = "cave-01"): Ledger {
  const received: Received[] = [];
  const take = (message: ReceivedMessage) => {
    if (message.deviceId !== deviceId) return;
    const body = JSON.parse(message.body) as Received["body"];
    received.push({
      id: message.messageId ?? "",
      sequence: body.sequence,
      body,
      properties: message.properties,
      createdAt: Date.parse(message.creationTimeUtc ?? ""),
      cameAt: Date.parse(message.enqueuedTimeUtc),
    });
  };
  for (const hub of Object.values(rig.cloud.hubs)) hub.onTelemetry(take);
  const sequences = () => [...new Set(received.map(({ sequence }) => sequence))].sort((a, b) => a - b);

  return {
    received,
    sequences,
    async has(wanted, seconds = 20) {
      const missing = () => {
        const present = new Set(sequences());
        return wanted.filter((sequence) => !present.has(sequence));
      };
      await until("all of them at the hub", () => missing().length === 0, {
        seconds,
        onTimeout: () => `missing: ${missing().slice(0, 20)}`,
      });
    },
    assertSound() {
      const known = new Map<string, Received>();
      for (const message of received) {
        assert.equal(message.id, `${deviceId}-${message.sequence}`);
        const first = known.get(message.id) ?? message;
        known.set(message.id, first);
        assert.deepEqual(message.body, first.body, `${message.id} stands for two samples`);
      }
    },
    assertWhole(last, runs = 1) {
      const all = sequences();
      const leaps = all.filter((sequence, index) => sequence !== (all[index - 1] ?? 0) + 1);
      assert.ok(leaps.length < runs, `gaps before ${leaps}, ${runs} runs`);
      assert.equal(all.at(-1), last);
    },
  };
}
