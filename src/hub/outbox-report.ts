import { linkSignals } from "../lib/abort.ts";
import type { Clock } from "../lib/clock.ts";
import type { OutboxCounts } from "../outbox/outbox.ts";
import type { Reported } from "./reported.ts";

/** Keeps the reported property `outbox` true without writing the twin at every sample. */
export interface OutboxReport {
  /** Reports the counts as they are; to be called at every connect. */
  show(): void;
  /**
   * Reports again when samples were dropped, and when nothing waits any more although the report says so; at most once
   * a minute. Resolves once `signal` aborts.
   */
  run(signal: AbortSignal): Promise<void>;
}

export interface OutboxReportParts {
  counts: () => Pick<OutboxCounts, "waiting" | "dropped">;
  /** Resolves when nothing waits. */
  drained: (signal: AbortSignal) => Promise<void>;
  reported: Pick<Reported, "set">;
  clock: Clock;
}

const SHORTEST_PAUSE = 60_000;

export function createOutboxReport({ counts, drained, reported, clock }: OutboxReportParts): OutboxReport {
  let shown = { waiting: 0, dropped: 0 };

  function show(): void {
    const { waiting, dropped } = counts();
    shown = { waiting, dropped };
    reported.set({ outbox: shown });
  }

  /** Resolves after a pause, or sooner if a backlog that was reported is gone. */
  async function pause(signal: AbortSignal): Promise<void> {
    const linked = linkSignals(signal);
    const ends = [clock.sleep(SHORTEST_PAUSE, linked.signal)];
    if (shown.waiting > 0) ends.push(drained(linked.signal));
    try {
      await Promise.race(ends);
    } finally {
      linked.abort();
      linked.release();
      for (const end of ends) end.catch(() => undefined);
    }
  }

  const isNews = () => {
    const { waiting, dropped } = counts();
    return dropped !== shown.dropped || (waiting === 0 && shown.waiting > 0);
  };

  return {
    show,
    async run(signal) {
      try {
        for (;;) {
          await clock.sleep(SHORTEST_PAUSE, signal);
          while (!isNews()) await pause(signal);
          show();
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}
