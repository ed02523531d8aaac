import type { Clock } from "../lib/clock.ts";
import { CODES, type Code, type Severity } from "./codes.ts";

/** Something that is not as it should be, for as long as it is. */
export interface Condition {
  code: Code;
  severity: Severity;
  /** ISO 8601 in UTC. */
  since: string;
  /** Why, this time. */
  cause: string;
  remedy: string;
}

/** What `onChange` is told: one message when a condition begins, one when it ends. */
export interface ConditionChange {
  change: "raised" | "cleared";
  condition: Condition;
}

/** The conditions that hold now. */
export interface Conditions {
  /** Raised again, it keeps its `since` and takes the newer cause, silently. */
  raise(code: Code, cause: string): void;
  /** Ends it; nothing happens if it does not hold. */
  clear(code: Code): void;
  /** The worst first, then the oldest first. */
  list(): Condition[];
  /** Moves every `since` by so many milliseconds, for when the wall clock has jumped into place. */
  shift(milliseconds: number): void;
}

const RANK: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

export function createConditions(options: {
  clock: Pick<Clock, "now">;
  /** Called after the change is visible in `list()`. Must not throw. */
  onChange: (change: ConditionChange) => void;
}): Conditions {
  const held = new Map<Code, { since: number; cause: string }>();

  function describe(code: Code, { since, cause }: { since: number; cause: string }): Condition {
    const { severity, remedy } = CODES[code];
    return { code, severity, since: new Date(since).toISOString(), cause, remedy };
  }

  return {
    raise(code, cause) {
      const known = held.get(code);
      const state = { since: known?.since ?? options.clock.now(), cause };
      held.set(code, state);
      if (!known) options.onChange({ change: "raised", condition: describe(code, state) });
    },
    clear(code) {
      const known = held.get(code);
      if (!known) return;
      held.delete(code);
      options.onChange({ change: "cleared", condition: describe(code, known) });
    },
    list: () =>
      [...held]
        .sort(([a, first], [b, second]) => {
          return RANK[CODES[a].severity] - RANK[CODES[b].severity] || first.since - second.since;
        })
        .map(([code, state]) => describe(code, state)),
    shift(milliseconds) {
      for (const state of held.values()) state.since += milliseconds;
    },
  };
}
