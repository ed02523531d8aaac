import { AgentError, isAgentError, messageOf } from "../errors.ts";
import { type BackoffBounds, fullJitter } from "../lib/backoff.ts";
import type { Clock } from "../lib/clock.ts";
import { type Deadline, withDeadline } from "../lib/deadline.ts";
import type { ConnectionState, Hub, HubListener, JsonObject, TelemetryMessage } from "./hub.ts";
import { type Provisioning, provision } from "./provision.ts";
import { type Assignment, type Credentials, connect, type HubLink } from "./sdk.ts";

/** What a session works with. */
export interface SessionOptions {
  credentials: Credentials;
  provisioning: Provisioning;
  /** MQTT keep-alive, milliseconds. */
  keepAlive: number;
  backoff: BackoffBounds;
  clock: Clock;
  /** [0, 1) */
  random: () => number;
}

/** The hub, kept connected for as long as `run` runs. */
export interface Session extends Hub {
  /** Provisions, connects, reconnects, for ever; resolves once `signal` has aborted and the link is closed. */
  run(listener: HubListener, signal: AbortSignal): Promise<void>;
  /** The assigned hub, how often it was reached, and since when the state holds (ISO 8601). */
  describe(): { hub: string | null; connects: number; state: ConnectionState; cause: string; since: string };
}

// Azure's guidance: after ten failures in a row the hub may have moved, so the DPS is asked again.
// https://learn.microsoft.com/azure/iot-dps/concepts-deploy-at-scale
const FAILURES_UNTIL_REPROVISION = 10;
const CONNECT_DEADLINE = 60_000;
const OPERATION_DEADLINE = 30_000;
const CLOSE_DEADLINE = 300;

function hubDeadline(after: number, awaiting: string): Deadline {
  return { after, code: "HUB_TIMEOUT", awaiting, remedy: "check the network; the agent reconnects" };
}

/** The one place that reconnects: every SDK call is raced with a deadline, every try begins with a fresh client. */
export function createSession(options: SessionOptions): Session {
  const { credentials, provisioning, keepAlive, clock } = options;
  let state: ConnectionState = "starting";
  let cause = "start";
  let since = clock.now();
  let link: HubLink | undefined;
  let assignment: Assignment | undefined;
  let connects = 0;
  let onlineWaiters: (() => void)[] = [];

  function enter(next: ConnectionState, why: string, listener: HubListener): void {
    if (next === state && why === cause) return;
    state = next;
    cause = why;
    since = clock.now();
    listener.onState(next, why);
    if (next !== "online") return;
    for (const wake of onlineWaiters.splice(0)) wake();
  }

  async function connectOnce(listener: HubListener, signal: AbortSignal): Promise<{ loss: Promise<string> }> {
    if (!assignment) {
      enter("provisioning", cause, listener);
      assignment = await provision(provisioning, credentials, clock, signal);
    }
    enter("connecting", `assigned to ${assignment.hub}`, listener);
    let lost: (cause: string) => void = () => undefined;
    const loss = new Promise<string>((resolve) => {
      lost = resolve;
    });
    const opening = connect(assignment, credentials, keepAlive, {
      onDesired: (desired, whole) => (whole ? listener.onTwin(desired) : listener.onDesired(desired)),
      onMethod: listener.onMethod,
      onLost: lost,
    });
    try {
      link = await withDeadline(
        opening,
        hubDeadline(CONNECT_DEADLINE, `the hub ${assignment.hub}`),
        clock,
        signal,
      );
    } catch (error) {
      opening.then((late) => late.close()).catch(() => undefined);
      throw error;
    }
    connects += 1;
    enter("online", `connected to ${assignment.hub}`, listener);
    return { loss };
  }

  async function stayOnline(loss: Promise<string>, signal: AbortSignal): Promise<string> {
    const stopped = new Promise<string>((resolve) =>
      signal.addEventListener("abort", () => resolve("stop"), { once: true }),
    );
    const why = await Promise.race([loss, stopped]);
    const closing = link?.close();
    link = undefined;
    await Promise.race([closing, clock.sleep(CLOSE_DEADLINE)]);
    return why;
  }

  function nextWait(error: unknown, failures: number): number {
    const jitter = fullJitter(failures, options.backoff, options.random);
    const asked = isAgentError(error) ? (error.retryAfter ?? 0) : 0;
    // Jitter on top of what was asked for: a throttled fleet must not come back in one wave.
    return asked > 0 ? asked + options.random() * options.backoff.base : jitter;
  }

  function mustReprovision(error: unknown, failures: number): boolean {
    return (
      (isAgentError(error) && error.code === "HUB_REFUSED") || failures % FAILURES_UNTIL_REPROVISION === 0
    );
  }

  async function run(listener: HubListener, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let error: unknown;
      try {
        const { loss } = await connectOnce(listener, signal);
        failures = 0;
        const why = await stayOnline(loss, signal);
        error = new AgentError(`the hub connection was lost: ${why}`, {
          code: "HUB_LOST",
          retryable: true,
          remedy: "nothing: the agent reconnects",
        });
      } catch (failure) {
        error = failure;
      }
      if (signal.aborted) break;
      failures += 1;
      if (mustReprovision(error, failures)) assignment = undefined;
      enter("backing-off", describeFailure(error), listener);
      await clock.sleep(nextWait(error, failures), signal).catch(() => undefined);
    }
    enter("stopping", "stop", listener);
  }

  async function online<T>(
    work: (live: HubLink) => Promise<T>,
    awaiting: string,
    signal: AbortSignal,
  ): Promise<T> {
    if (!link) {
      throw new AgentError("offline", {
        code: "HUB_OFFLINE",
        retryable: true,
        remedy: "nothing: the agent reconnects",
      });
    }
    return withDeadline(work(link), hubDeadline(OPERATION_DEADLINE, awaiting), clock, signal);
  }

  async function waitUntilOnline(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (state === "online") return;
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        onlineWaiters = onlineWaiters.filter((waiter) => waiter !== wake);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      onlineWaiters.push(wake);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  return {
    run,
    waitUntilOnline,
    state: () => state,
    describe: () => ({
      hub: assignment?.hub ?? null,
      connects,
      state,
      cause,
      since: new Date(since).toISOString(),
    }),
    send: (message: TelemetryMessage, signal) =>
      online((live) => live.send(message), `PUBACK of ${message.messageId}`, signal),
    report: (patch: JsonObject, signal) => online((live) => live.report(patch), "the twin update", signal),
  };
}

function describeFailure(error: unknown): string {
  return isAgentError(error) ? `${error.message}; ${error.remedy}` : messageOf(error);
}
