import type { ControlState } from "../control/state.ts";
import { type AgentError, messageOf } from "../errors.ts";
import type { Identity } from "../hub/identity.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../log.ts";
import type { OutboxEvent } from "../outbox/health.ts";
import { type Condition, createConditions } from "./conditions.ts";
import type { HealthDocument } from "./document.ts";
import { createFlapping } from "./flapping.ts";
import { observe } from "./observe.ts";
import type { StatusDocument } from "./status.ts";

export interface HealthParts {
  clock: Clock;
  log: Logger;
  status: () => StatusDocument;
  control: () => ControlState;
  identity: () => Identity;
  /** Why the certificate and key on disk would not get in; undefined if nothing speaks against them. */
  certificateTrouble: () => AgentError | undefined;
  /** Whether a time server has set the clock; undefined while nobody knows. */
  clockSynchronized: () => boolean | undefined;
}

/** What is not as it should be, gathered from all rooms. */
export interface AgentHealth {
  /** Looks at every room again; call it when something has changed, and not before all rooms are there. */
  look(): void;
  /** May be called before. */
  onOutbox(event: OutboxEvent): void;
  /** Why the state directory is another's, now that it could be used; undefined: it is ours. May be called before, too. */
  onState(refusal: AgentError | undefined): void;
  /** Why small state cannot be kept; undefined: all of it can. May be called before, too. */
  onKept(fault: AgentError | undefined): void;
  /** Why the status socket is not there; undefined: it is. May be called before, too. */
  onStatusSocket(unusable: AgentError | undefined): void;
  conditions(): Condition[];
  document(): HealthDocument;
}

const STATE_REFUSED = ["STATE_IN_USE", "STATE_OF_ANOTHER_DEVICE"] as const;

const CLOCK_JUMP = 60_000;

/** Nothing dropped for so many milliseconds: it is over. */
const DROPPING_FOR = 3_600_000;

export function createHealth(parts: HealthParts): AgentHealth {
  const { clock, log, status, control, identity } = parts;
  const conditions = createConditions({
    clock,
    onChange: ({ change, condition: { code, severity, cause, remedy } }) => {
      const level = change === "cleared" || severity === "info" ? "info" : "warn";
      log[level]({ event: `condition-${change}`, code, cause, remedy }, `${change}: ${code}: ${cause}`);
    },
  });
  const flapping = createFlapping(clock);
  /** Of those that the outbox counts as dropped: what was not dropped for want of room. */
  let unusable = 0;
  let dropped = 0;
  let droppedAt = -Infinity;
  /** Files of the outbox, each with the reason. */
  const unreadable = new Map<string, string>();
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
    const clockSynchronized = parts.clockSynchronized();
    if (document.connection.state === "online") onlineAt = clock.monotonic();
    observe(conditions, {
      status: document,
      offlineFor: clock.monotonic() - onlineAt,
      flapping: flapping(document.connection.losses),
      now: clock.now(),
      certificate: identity(),
      certificateTrouble: parts.certificateTrouble() ?? null,
      sensorStuck: state.quality === "stuck" ? "temperature and humidity do not change at all" : null,
      fanNoEffect: state.noEffect ? "it runs, and neither temperature nor humidity falls" : null,
      ...(clockSynchronized !== undefined && { clockSynchronized }),
      isDropping: isDropping(document.outbox.dropped - unusable),
    });
  }

  /** The outbox tells of what it drops from memory only once; its count tells of all. */
  function isDropping(now: number): boolean {
    if (now > dropped) droppedAt = clock.monotonic();
    dropped = now;
    return clock.monotonic() - droppedAt <= DROPPING_FOR;
  }

  function tellLoss(event: Extract<OutboxEvent, { count: number }>): void {
    if (event.kind === "damaged") {
      unusable += event.count;
      conditions.raise("OUTBOX_DAMAGED", `${event.count} samples in ${event.file} cannot be read`);
      return;
    }
    conditions.raise("OUTBOX_DROPPING", `${event.count} samples dropped (${event.reason})`);
  }

  function tellUnreadable(file: string, reason: string | undefined): void {
    if (reason === undefined) unreadable.delete(file);
    else unreadable.set(file, reason);
    const [first, ...others] = unreadable.values();
    const count = others.length === 1 ? "1 more file" : `${others.length} more files`;
    const more = others.length > 0 ? ` (${count} of the outbox neither)` : "";
    if (first === undefined) conditions.clear("OUTBOX_UNREADABLE");
    else conditions.raise("OUTBOX_UNREADABLE", first + more);
  }

  return {
    look,
    onOutbox(event) {
      if (event.kind === "memory") conditions.raise("OUTBOX_IN_MEMORY", messageOf(event.cause));
      else if (event.kind === "disk") conditions.clear("OUTBOX_IN_MEMORY");
      else if (event.kind === "unreadable") tellUnreadable(event.file, messageOf(event.cause));
      else if (event.kind === "readable") tellUnreadable(event.file, undefined);
      else if (event.kind === "unread-dropped") {
        const loss = "before it could be read: nobody knows how many samples waited in it";
        conditions.raise("OUTBOX_DAMAGED", `${event.file} had to go (${event.reason}) ${loss}`);
      } else if (event.kind === "unsendable") {
        unusable += 1;
        conditions.raise("OUTBOX_DAMAGED", `sample ${event.sequence} was dropped: ${messageOf(event.cause)}`);
      } else tellLoss(event);
    },
    onState(refusal) {
      for (const code of STATE_REFUSED) {
        if (refusal?.code === code) conditions.raise(code, refusal.message);
        else conditions.clear(code);
      }
    },
    onKept(fault) {
      if (fault) conditions.raise("STATE_NOT_KEPT", fault.message);
      else conditions.clear("STATE_NOT_KEPT");
    },
    onStatusSocket(unusable) {
      if (unusable) conditions.raise("STATUS_SOCKET_UNUSABLE", unusable.message);
      else conditions.clear("STATUS_SOCKET_UNUSABLE");
    },
    conditions: conditions.list,
    document: () => ({ ...status(), conditions: conditions.list() }),
  };
}
