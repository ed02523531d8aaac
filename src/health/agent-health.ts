import type { ControlState } from "../control.ts";
import { messageOf } from "../errors.ts";
import type { Identity } from "../hub/identity.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../log.ts";
import type { OutboxEvent } from "../outbox/health.ts";
import { type Condition, createConditions } from "./conditions.ts";
import type { HealthDocument } from "./document.ts";
import { observe } from "./observe.ts";
import type { StatusDocument } from "./status.ts";

export interface HealthParts {
  clock: Clock;
  log: Logger;
  status: () => StatusDocument;
  control: () => ControlState;
  identity: () => Identity;
}

/** What is not as it should be, gathered from all rooms. */
export interface AgentHealth {
  /** Looks at every room again; call it when something has changed. */
  look(): void;
  onOutbox(event: OutboxEvent): void;
  conditions(): Condition[];
  document(): HealthDocument;
}

const CLOCK_JUMP = 60_000;

/** Nothing dropped for so many milliseconds: it is over. */
const DROPPING_FOR = 3_600_000;

export function createHealth({ clock, log, status, control, identity }: HealthParts): AgentHealth {
  const conditions = createConditions({
    clock,
    onChange: ({ change, condition: { code, severity, cause, remedy } }) => {
      const level = change === "cleared" || severity === "info" ? "info" : "warn";
      log[level]({ event: `condition-${change}`, code, cause, remedy }, `${change}: ${code}: ${cause}`);
    },
  });
  let inMemory: string | null = null;
  let dropped = 0;
  let droppedAt = 0;
  let offset = clock.now() - clock.monotonic();
  let onlineAt = clock.monotonic();

  // What began before the clock was set began as long ago as it did.
  function followClock(): void {
    const now = clock.now() - clock.monotonic();
    if (Math.abs(now - offset) > CLOCK_JUMP) conditions.shift(now - offset);
    offset = now;
  }

  function look(): void {
    followClock();
    const state = control();
    const document = status();
    if (document.connection.state === "online") onlineAt = clock.monotonic();
    observe(conditions, {
      status: document,
      offlineFor: clock.monotonic() - onlineAt,
      now: clock.now(),
      certificate: identity(),
      sensorStuck: state.quality === "stuck" ? "temperature and humidity do not change at all" : null,
      fanNoEffect: state.noEffect ? "it runs, and neither temperature nor humidity falls" : null,
      outboxInMemory: inMemory,
      ...(clock.monotonic() - droppedAt > DROPPING_FOR && { newlyDropped: 0 }),
    });
  }

  function tellLoss(event: Extract<OutboxEvent, { count: number }>): void {
    if (event.kind === "damaged") {
      conditions.raise("OUTBOX_DAMAGED", `${event.count} samples in ${event.file} cannot be read`);
      return;
    }
    dropped += event.count;
    droppedAt = clock.monotonic();
    conditions.raise("OUTBOX_DROPPING", `${dropped} samples dropped since the start (${event.reason})`);
  }

  return {
    look,
    onOutbox(event) {
      if (event.kind === "memory") inMemory = messageOf(event.cause);
      else if (event.kind === "disk") inMemory = null;
      else if (event.kind === "unsendable")
        conditions.raise("OUTBOX_DAMAGED", `sample ${event.sequence} was dropped: ${messageOf(event.cause)}`);
      else tellLoss(event);
      look();
    },
    conditions: conditions.list,
    document: () => ({ ...status(), conditions: conditions.list() }),
  };
}
