import { join } from "node:path";
import type { Config } from "../config.ts";
import { causeOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { WriteRight } from "../lib/write-right.ts";
import type { Logger } from "../log.ts";
import type { OutboxEvent } from "./health.ts";
import type { Outbox } from "./outbox.ts";
import { openSegmentOutbox } from "./segments.ts";
import { openSequence } from "./sequence.ts";

export interface OutboxParts {
  log: Logger;
  clock: Clock;
  /** To write to the state directory. */
  right: WriteRight;
  onHealth: (event: OutboxEvent) => void;
}

const MEBIBYTE = 1024 * 1024;

/** The configured outbox with its sequence, in the state directory. Rejects with `OUTBOX_NEWER_FORMAT`. */
export async function openOutbox<T>(
  { state, outbox }: Pick<Config, "state" | "outbox">,
  { log, clock, right, onHealth }: OutboxParts,
): Promise<Outbox<T>> {
  return openSegmentOutbox<T>({
    directory: join(state.directory, "outbox"),
    sequence: await openSequence(join(state.directory, "sequence"), {
      onLeap: (error) =>
        log.error({ event: "sequence-leap", ...causeOf(error) }, `${error.message}; ${error.remedy}`),
      right,
    }),
    maxBytes: outbox.maxMebibytes * MEBIBYTE,
    maxAge: outbox.maxAge,
    syncEvery: outbox.syncEvery,
    ringCapacity: outbox.memoryCapacity,
    clock,
    onHealth,
    right,
  });
}
