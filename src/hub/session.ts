import { AgentError, isAgentError, messageOf } from "../errors.ts";
import { linkSignals } from "../lib/abort.ts";
import { clockSet } from "../lib/clock-set.ts";
import type { StateFile } from "../lib/state-file.ts";
import { offline } from "./answers.ts";
import type { KeptAssignment } from "./assignment.ts";
import { createAssignmentSource } from "./assignment-source.ts";
import { type AttemptListener, type AttemptParts, createAttempt } from "./attempt.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionState, Hub, HubListener } from "./hub.ts";
import type { Provisioning } from "./provision.ts";
import { planRetry, type RetryLimits } from "./retry.ts";
import type { HubLink } from "./sdk/link.ts";
import { createStanding, type StandingDescription } from "./standing.ts";

/** What a session works with. */
export interface SessionOptions extends Omit<AttemptParts, "assignments"> {
  provisioning: Provisioning;
  /** Where the assignment outlives the process, so that a gateway boots without the DPS. */
  assignments: StateFile<KeptAssignment>;
  retry: RetryLimits;
  /** [0, 1) */
  random: () => number;
}

export interface SessionDescription extends StandingDescription {
  hub: string | null;
  /** Connections made since the start. */
  connects: number;
  /** Of these, how many were lost without anybody having asked for it. */
  losses: number;
}

/** The hub, kept connected for as long as `run` runs. */
export interface Session extends Hub {
  /** Provisions, connects, reconnects, for ever; resolves once `signal` has aborted and the link is closed. */
  run(listener: HubListener, signal: AbortSignal): Promise<void>;
  describe(): SessionDescription;
  /** Begins a new connection now, with the identity that is then current; a try under way is given up. */
  reconnect(cause: string): void;
  /** Ends a wait for the next try; nothing happens if there is none. */
  tryNow(): void;
  /** Asks the DPS now, and again at the next connection if it does not answer. */
  reprovision(): void;
}

const NOTHING = "nothing: the agent reconnects";
const SOUND_AFTER = 30_000;

/** The one place that reconnects: every SDK call is raced with a deadline, every try begins with a fresh client. */
export function createSession(options: SessionOptions): Session {
  const { clock } = options;
  const assignments = createAssignmentSource(options.provisioning, options.assignments, clock);
  const attempt = createAttempt({ ...options, assignments });
  const standing = createStanding(clock);
  let live: Connection | undefined;
  let connects = 0;
  let losses = 0;
  /** The end of the live connection was asked for. */
  let isEndAsked = false;
  let isWaiting = false;
  let failures = 0;
  /** From one connection, or try at it, to the next. */
  let turn = linkSignals();

  function enter(
    next: ConnectionState,
    why: string,
    listener: HubListener,
    error?: AgentError,
    wait?: number,
  ): void {
    if (standing.enter(next, why, error, wait)) listener.onState(next, why, error);
  }

  async function goOnline(listener: HubListener, signal: AbortSignal): Promise<Connection> {
    const told: AttemptListener = {
      onEarly: (error) => enter("waiting-for-clock", error.message, listener, error),
      onAsk: () => enter("provisioning", standing.cause(), listener, standing.error()),
      // What keeps it from the hub stays in sight until it is there.
      onAssigned: (hub) =>
        enter(
          "connecting",
          standing.error() ? standing.cause() : `assigned to ${hub}`,
          listener,
          standing.error(),
        ),
    };
    const connection = await attempt(told, listener, signal);
    connects += 1;
    return connection;
  }

  /** Resolves if the end was asked for: the next try begins at once. Rejects with `HUB_LOST`. */
  async function stayOnline(current: Connection, listener: HubListener, signal: AbortSignal): Promise<void> {
    const stop = () => current.lose("stop");
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    live = current;
    enter("online", `connected to ${assignments.current()?.hub}`, listener);
    const onlineAt = clock.monotonic();
    const why = await current.lost;
    live = undefined;
    const wasAsked = isEndAsked || signal.aborted;
    isEndAsked = false;
    if (!wasAsked) losses += 1;
    // A hub that accepts and drops, as it does with two devices of one name, must not be asked at full speed.
    const isSound = clock.monotonic() - onlineAt >= SOUND_AFTER;
    if (isSound) failures = 0;
    signal.removeEventListener("abort", stop);
    await current.close();
    if (wasAsked) {
      if (!signal.aborted) enter("connecting", why, listener);
      return;
    }
    // The loss of a sound connection is none of the failures that make up ten.
    if (isSound) failures -= 1;
    throw new AgentError(`the hub connection was lost: ${why}`, {
      code: "HUB_LOST",
      retryable: true,
      remedy: isSound ? NOTHING : "if this repeats: another agent may be using this device's certificate",
    });
  }

  async function backOff(error: unknown, listener: HubListener, signal: AbortSignal): Promise<void> {
    failures += 1;
    const history = { failures, assignedAnew: assignments.isFresh() };
    const plan = planRetry(error, history, options.retry, options.random);
    if (plan.askDps) assignments.doubt();
    enter(plan.state, messageOf(error), listener, isAgentError(error) ? error : undefined, plan.wait);
    isWaiting = true;
    const isOver =
      plan.state === "waiting-for-clock"
        ? clockSet(clock, plan.wait, signal)
        : clock.sleep(plan.wait, signal);
    await isOver.catch(() => undefined);
    isWaiting = false;
  }

  async function run(listener: HubListener, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      turn = linkSignals(signal);
      const { signal: now, release } = turn;
      try {
        await stayOnline(await goOnline(listener, now), listener, now);
      } catch (error) {
        if (!now.aborted) await backOff(error, listener, now);
      }
      release();
    }
    enter("stopping", "stop", listener);
  }

  function operate<T>(
    work: (link: HubLink) => Promise<T>,
    awaiting: string,
    signal: AbortSignal,
  ): Promise<T> {
    if (!live) return Promise.reject(offline());
    return live.answers.owe(work(live.link), awaiting, signal);
  }

  function restart(why: string): void {
    if (live) {
      isEndAsked = true;
      live.lose(why);
    } else turn.abort();
  }

  return {
    run,
    state: standing.state,
    waitUntilOnline: standing.waitUntilOnline,
    describe: () => ({ hub: assignments.current()?.hub ?? null, connects, losses, ...standing.describe() }),
    send: (message, signal) =>
      operate((link) => link.send(message), `PUBACK of ${message.messageId}`, signal),
    report: (patch, signal) => operate((link) => link.report(patch), "the twin update", signal),
    reconnect: restart,
    tryNow() {
      if (isWaiting) turn.abort();
    },
    reprovision() {
      assignments.askAnew();
      restart("asked to provision anew");
    },
  };
}
