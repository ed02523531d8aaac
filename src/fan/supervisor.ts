import type { AgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { createMoment } from "../lib/moment.ts";
import { everyPeriod } from "../lib/periodic.ts";
import type { Turn } from "../lib/turn.ts";
import type { FanConfig } from "./config.ts";
import { disputeOf } from "./dispute.ts";
import type { GpioDriver, Input } from "./driver.ts";
import { asFanFailure, fanFailure } from "./failure.ts";
import type { Fan } from "./fan.ts";
import { createFeedbackJudge, type Verdict } from "./feedback.ts";
import type { Line } from "./line.ts";

/** Watches by the feedback whether the fan does what it was told. */
export interface Supervisor {
  /** The line was taken through this interface, and the fan found so. */
  use(driver: GpioDriver, on: boolean): void;
  /** Watches from now on, and knows the level as it is. Rejects with `FAN_FAILED` if the feedback cannot be read. */
  refresh(): Promise<void>;
  /** The fan was commanded: within `fan.feedbackWithin` the feedback is to agree. */
  commanded(on: boolean): Promise<void>;
  confirmed: Fan["confirmed"];
  fault(): AgentError | undefined;
  close(): Promise<void>;
}

export const NO_SUPERVISOR: Supervisor = {
  use: () => undefined,
  refresh: async () => undefined,
  commanded: async () => undefined,
  confirmed: async () => undefined,
  fault: () => undefined,
  close: async () => undefined,
};

export interface SupervisorParts {
  clock: Clock;
  /** What the fan does is done in turn, and so is this. */
  turn: Turn;
  onFault: (error: AgentError) => void;
  onRecovered: () => void;
}

type SupervisorConfig = FanConfig & { feedbackLine: Line };

/** Milliseconds. */
const LONGEST_PERIOD = 1000;
const READ_AGAIN = 10_000;

export function createSupervisor(config: SupervisorConfig, parts: SupervisorParts): Supervisor {
  const { feedbackLine, feedbackKind, feedbackWithin } = config;
  const { clock, turn } = parts;
  const judge = createFeedbackJudge(feedbackKind, feedbackWithin);
  const changed = createMoment();
  const ending = new AbortController();
  let isWatching = false;
  let driver: GpioDriver | undefined;
  let input: Input | undefined;
  let wanted = false;
  let readAt = 0;
  /** It cannot be read. */
  let blind: AgentError | undefined;
  let isBlindnessTold = false;
  /** It says the contrary of the command. */
  let dispute: AgentError | undefined;

  function lose(error: AgentError): void {
    const former = input;
    input = undefined;
    void former?.close().catch(() => undefined);
    blind = error;
    changed.come();
  }

  function tellBlindness(error: AgentError): void {
    if (isBlindnessTold) return;
    isBlindnessTold = true;
    parts.onFault(error);
  }

  function see(): void {
    blind = undefined;
    if (isBlindnessTold && !dispute) parts.onRecovered();
    isBlindnessTold = false;
  }

  const period = () => Math.min(LONGEST_PERIOD, feedbackWithin / 5);

  async function begin(): Promise<void> {
    if (!isWatching) void everyPeriod(period, () => turn(look), clock, ending.signal);
    isWatching = true;
    try {
      input ??= await driver?.openInput(
        {
          line: feedbackLine,
          key: "fan.feedbackLine",
          activeLow: config.feedbackActiveLow,
          pull: config.feedbackPull,
        },
        (active) => {
          judge.edge(active, clock.monotonic());
          // A tachometer's pulses are too many to look at each of them.
          if (feedbackKind === "contact") void turn(look);
        },
        (error) => {
          lose(error);
          tellBlindness(error);
        },
      );
      if (input) judge.level(await input.read());
      readAt = clock.monotonic();
      // It was lost while it was read.
      if (!input && blind) throw blind;
      see();
    } catch (error) {
      const failure = asFanFailure(error);
      lose(failure);
      throw failure;
    }
  }

  /**
   * An edge may have been missed: a contact's disagreement is believed only after the level was read anew, and neither for
   * ever. A tachometer's level says nothing, and to read it may cost pulses.
   */
  function isDoubtful(verdict: Verdict): boolean {
    const age = clock.monotonic() - readAt;
    if (verdict === "disagrees" && feedbackKind === "contact") return !dispute || age > READ_AGAIN;
    return verdict !== "waits" && input !== undefined && age > input.readAgain;
  }

  async function look(): Promise<void> {
    if (!input) return;
    let verdict = judge.look(clock.monotonic());
    if (isDoubtful(verdict)) {
      await begin().catch((error: unknown) => tellBlindness(asFanFailure(error)));
      verdict = judge.look(clock.monotonic());
    }
    if (!input) return;
    if (verdict === "disagrees" && !dispute) {
      dispute = disputeOf(config, wanted);
      parts.onFault(dispute);
    }
    if (verdict === "agrees" && dispute) {
      dispute = undefined;
      parts.onRecovered();
    }
    if (verdict !== "waits") changed.come();
  }

  return {
    use(used, on) {
      driver = used;
      wanted = on;
      judge.commanded(on, clock.monotonic());
    },
    async refresh() {
      if (!input || dispute) await begin();
    },
    async commanded(on) {
      wanted = on;
      judge.commanded(on, clock.monotonic());
      await look();
    },
    async confirmed(signal) {
      for (;;) {
        if (ending.signal.aborted) throw fanFailure("the fan was released", "restart the agent");
        if (blind) throw blind;
        const verdict = judge.look(clock.monotonic());
        if (verdict === "agrees") return;
        if (verdict === "disagrees") throw dispute ?? disputeOf(config, wanted);
        await changed.wait(signal);
      }
    },
    fault: () => blind ?? dispute,
    async close() {
      ending.abort();
      changed.come();
      const former = input;
      input = undefined;
      await former?.close();
    },
  };
}
