import { AgentError, isAgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { AssignmentSource } from "./assignment-source.ts";
import { type Connection, openConnection } from "./connection.ts";
import type { HubListener } from "./hub.ts";
import type { Identity } from "./identity.ts";
import type { IdentitySource } from "./identity-source.ts";

/** What a try works with. */
export interface AttemptParts {
  identity: IdentitySource;
  assignments: AssignmentSource;
  /** PEM; undefined: the CAs that Node trusts. */
  trustedCaPem: string | undefined;
  modelId: string;
  /** A dead connection is noticed within 1.5 times this, milliseconds. */
  keepAlive: number;
  clock: Clock;
}

/** How far a try has come. */
export interface AttemptListener {
  /** No certificate is valid yet. Told at each look at the clock. */
  onEarly(error: AgentError): void;
  /** The DPS is asked for a hub. */
  onAsk(): void;
  /** This hub is connected to. */
  onAssigned(hub: string): void;
}

/** One try at a connection: rejects if it fails, or as `signal` aborts; resolves to a live one. */
export type Attempt = (
  told: AttemptListener,
  listener: HubListener,
  signal: AbortSignal,
) => Promise<Connection>;

const CLOCK_POLL = 1000;

/** Who is shown to the hub, which hub that is, and what either learns of how it went. */
export function createAttempt(parts: AttemptParts): Attempt {
  const { identity, assignments, trustedCaPem, modelId, keepAlive, clock } = parts;

  // Without a real-time clock a gateway boots in the past: TLS would fail, again and again, until NTP has answered.
  // Or the pair is early, and somebody installs another one meanwhile.
  async function chooseIdentity({ onEarly }: AttemptListener, signal: AbortSignal): Promise<Identity> {
    for (;;) {
      identity.reload();
      const who = identity.next(clock.now());
      if (clock.now() >= who.notBefore.getTime()) return who;
      onEarly(notYetValid(who));
      await clock.sleep(CLOCK_POLL, signal);
    }
  }

  async function connectAs(
    who: Identity,
    { onAsk, onAssigned }: AttemptListener,
    listener: HubListener,
    signal: AbortSignal,
  ): Promise<Connection> {
    const credentials = { identity: who, trustedCaPem, modelId };
    const assignment = await assignments.choose(credentials, onAsk, signal);
    onAssigned(assignment.hub);
    const connection = await openConnection(assignment, credentials, keepAlive, listener, clock, signal);
    assignments.confirm();
    identity.accepted(who);
    return connection;
  }

  return async (told, listener, signal) => {
    const who = await chooseIdentity(told, signal);
    try {
      return await connectAs(who, told, listener, signal);
    } catch (error) {
      if (isRefusal(error)) identity.refused(who, error);
      else if (!signal.aborted) identity.failed(who, error);
      throw error;
    }
  };
}

function isRefusal(error: unknown): boolean {
  return isAgentError(error) && /^(HUB_REFUSED|DPS_UNAUTHORIZED|DPS_REFUSED)$/.test(error.code);
}

function notYetValid({ notBefore }: Identity): AgentError {
  return new AgentError(`the certificate is valid from ${notBefore.toISOString()} on`, {
    code: "CERTIFICATE_NOT_YET_VALID",
    retryable: true,
    remedy: "check this machine's clock and that it can reach a time server",
  });
}
