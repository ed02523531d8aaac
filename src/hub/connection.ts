import type { Clock } from "../lib/clock.ts";
import { type Deadline, withDeadline } from "../lib/deadline.ts";
import { type Answers, createAnswers } from "./answers.ts";
import type { Assignment, Credentials } from "./credentials.ts";
import type { HubListener } from "./hub.ts";
import { connect, type HubLink, type LinkListener } from "./sdk/link.ts";

/** A live link, what the hub owes over it, and the end of it. */
export interface Connection {
  link: HubLink;
  answers: Answers;
  /** Resolves to the cause of its end. */
  lost: Promise<string>;
  lose(cause: string): void;
  /** Says goodbye, for as long as that takes no more than 300 ms. */
  close(): Promise<void>;
}

const CONNECT_DEADLINE = 60_000;
const CLOSE_DEADLINE = 300;

// MQTT.js calls a connection dead at its second unanswered ping, up to twice its keep-alive after the last byte
// (azure-iot-sdk-node #10, #45): three quarters of what was promised keep it within 1.5 times.
const KEEP_ALIVE_SHARE = 0.75;

function connectDeadline(hub: string): Deadline {
  const remedy = "check the network; the agent reconnects";
  return { after: CONNECT_DEADLINE, code: "HUB_TIMEOUT", awaiting: `the hub ${hub}`, remedy };
}

/**
 * Opens one within 60 s. A dead one is noticed within 1.5 times `keepAlive`, milliseconds. Rejects with a retryable
 * AgentError, or at once when `signal` aborts: nothing is left of it then.
 */
export async function openConnection(
  to: Assignment,
  credentials: Credentials,
  keepAlive: number,
  listener: HubListener,
  clock: Clock,
  signal: AbortSignal,
): Promise<Connection> {
  let lose: (cause: string) => void = () => undefined;
  const lost = new Promise<string>((resolve) => {
    lose = resolve;
  });
  const ears: LinkListener = {
    onDesired: (desired, whole) =>
      whole ? listener.onTwin(desired, credentials.identity) : listener.onDesired(desired),
    onMethod: listener.onMethod,
    onLost: lose,
  };
  const link = await withDeadline(
    (attempt) => connect(to, credentials, keepAlive * KEEP_ALIVE_SHARE, ears, clock, attempt),
    connectDeadline(to.hub),
    clock,
    signal,
  );
  // A hub that owes an answer is not there, whatever the socket says (azure-iot-sdk-node #573, #990).
  const answers = createAnswers(clock, (error) => lose(error.message));
  // A twin request survives the connection it was made on and never ends (azure-iot-sdk-node #563).
  void lost.then(answers.end);
  const close = () => Promise.race([link.close(), clock.sleep(CLOSE_DEADLINE)]);
  return { link, answers, lost, lose, close };
}
