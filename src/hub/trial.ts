import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import type { Assignment, Credentials } from "./credentials.ts";
import { connect, type LinkListener } from "./sdk/link.ts";

/** Milliseconds: it is not to live long enough for a ping. */
const KEEP_ALIVE = 60_000;

/** Whoever calls a method just now hears that nobody is there to obey. */
const NOBODY: LinkListener = {
  onDesired: () => undefined,
  onLost: () => undefined,
  onMethod: async () => ({
    status: 503,
    payload: { result: "No agent runs; doctor looks at the connection" },
  }),
};

/**
 * Connects to the hub as the agent does, reads the twin, writes and sends nothing, and leaves. Two connections of one
 * device throw each other out: not beside an agent. Resolves once the hub has let the device in; rejects with a retryable
 * AgentError, after `deadline` milliseconds with `HUB_TIMEOUT`.
 */
export async function tryHub(
  to: Assignment,
  credentials: Credentials,
  deadline: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const remedy = "check the network; the agent reconnects";
  const link = await withDeadline(
    (attempt) => connect(to, credentials, KEEP_ALIVE, NOBODY, clock, attempt),
    { after: deadline, code: "HUB_TIMEOUT", awaiting: `the hub ${to.hub}`, remedy },
    clock,
    signal,
  );
  await link.close();
}
