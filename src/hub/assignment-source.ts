import { isAgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { StateFile } from "../lib/state-file.ts";
import { askedOf, type KeptAssignment } from "./assignment.ts";
import type { Credentials } from "./credentials.ts";
import { type Provisioning, provision } from "./provision.ts";

/** Which hub to try next. */
export interface AssignmentSource {
  /** The last hub that is known, be it in doubt; undefined before the first. */
  current(): KeptAssignment | undefined;
  /** True while nobody has been online at the hub that the DPS has named last. */
  isFresh(): boolean;
  /** The hub to try now. Asks the DPS, after `onAsk`, only if none is known or the known one is in doubt. */
  choose(credentials: Credentials, onAsk: () => void, signal: AbortSignal): Promise<KeptAssignment>;
  /** The known hub may be the wrong one: the DPS is asked before it is tried again. */
  doubt(): void;
  /** As `doubt`, because a person wants it: that the known hub lets the device in settles nothing. */
  askAnew(): void;
  /** The hub that was chosen has let the device in. */
  confirm(): void;
}

/** The DPS has judged the device; everything else is no answer. */
const VERDICT = /^DPS_(UNAUTHORIZED|REFUSED|NOT_FOUND|DISABLED)$/;

/**
 * The assignment outlives the process, and its doubt: while the DPS gives no answer, DPS and the old hub are tried in
 * turn, because either may come back first. Only a new assignment replaces an old one.
 */
export function createAssignmentSource(
  provisioning: Provisioning,
  file: StateFile<KeptAssignment>,
  clock: Clock,
): AssignmentSource {
  let known: KeptAssignment | undefined;
  let wasRead = false;
  let isFresh = false;
  let doubt: "none" | "failures" | "asked" = "none";
  let isOldNext = false;

  async function read(asked: string): Promise<void> {
    const kept = await file.read();
    wasRead = true;
    if (kept?.askedOf === asked) known = kept;
  }

  async function ask(credentials: Credentials, asked: string, signal: AbortSignal): Promise<KeptAssignment> {
    try {
      known = { ...(await provision(provisioning, credentials, clock, signal)), askedOf: asked };
    } catch (error) {
      isOldNext = !signal.aborted && !(isAgentError(error) && VERDICT.test(error.code));
      throw error;
    }
    doubt = "none";
    isFresh = true;
    await file.write(known);
    return known;
  }

  return {
    current: () => known,
    isFresh: () => isFresh,
    async choose(credentials, onAsk, signal) {
      const asked = askedOf(provisioning, credentials.identity.deviceId);
      if (!wasRead) await read(asked);
      const isOldTurn = doubt === "none" || isOldNext;
      isOldNext = false;
      if (known && isOldTurn) return known;
      onAsk();
      return ask(credentials, asked, signal);
    },
    doubt() {
      if (doubt === "none") doubt = "failures";
    },
    askAnew() {
      doubt = "asked";
      isOldNext = false;
    },
    confirm() {
      isFresh = false;
      if (doubt === "failures") doubt = "none";
    },
  };
}
