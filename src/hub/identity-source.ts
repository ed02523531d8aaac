import { statSync } from "node:fs";
import { configError } from "../config.ts";
import { AgentError, isAgentError, messageOf } from "../errors.ts";
import { type Identity, loadIdentity } from "./identity.ts";
import { createTurns, type Turns } from "./turns.ts";

/** The device's certificate and key, followed as their files are replaced. */
export interface IdentitySource {
  /** The newest pair that was found sound, unless it was refused. */
  current(): Identity;
  /**
   * Whom to connect as at `now`, milliseconds since 1970. Of a new pair and the old one: whose turn it is (`turns.ts`),
   * but while the new one is not valid yet, the old one if that is, or will be sooner.
   */
  next(now: number): Identity;
  /** Looks at the files again; true if a new sound pair waits for its first connection. */
  reload(): boolean;
  /** `who` has connected. If it was the new pair, the old one is forgotten; one found meanwhile has proven nothing yet. */
  accepted(who: Identity): void;
  /** `who` was refused, for the reason `why`: the other pair's turn. */
  refused(who: Identity, why?: unknown): void;
  /** `who` did not get in for another reason, which may be that nobody said that it was refused. */
  failed(who: Identity, why?: unknown): void;
  /**
   * Why the next start would not get in with the files as they are: `CERTIFICATE_UNUSABLE` while they cannot be loaded,
   * `CERTIFICATE_REFUSED` while the new pair was refused, or only the old one gets in. Undefined: nothing speaks against.
   */
  trouble(): AgentError | undefined;
}

/** What the source tells; each once for each change of the files. */
export interface IdentityListener {
  onNew(identity: Identity): void;
  /** The files were replaced by something that cannot be used; the old pair stays. */
  onUnusable(error: AgentError): void;
  /** The new pair was refused (`CERTIFICATE_REFUSED`), or did not get in for a while, for the reason `why`. */
  onFallback(kept: Identity, why: unknown): void;
}

interface Candidate {
  identity: Identity;
  turns: Turns;
  /** That the old pair is used again was told. */
  isFallbackTold: boolean;
  /** Why its last try failed. */
  failure: unknown;
  /** It was refused, or the old pair got in where it did not. */
  isRefused: boolean;
}

/**
 * A new pair is taken only if it is whole (a certificate without its key, seen between two writes, is not) and is for
 * the same device. The old one is kept until the new one has connected.
 */
export function createIdentitySource(
  device: { id: string; certificateFile: string; keyFile: string },
  listener: IdentityListener,
): IdentitySource {
  let proven = loadIdentity(device);
  let candidate: Candidate | undefined;
  let seen = fingerprintOf(device);
  let unusable: AgentError | undefined;

  const waiting = () => (candidate?.turns.isNewBarred() ? undefined : candidate?.identity);

  /** Books what became of `who`, if there are two to choose from and it is one of them. */
  function book(who: Identity, event: "refused" | "failed" | "connected", why?: unknown): void {
    const isOld = isSame(who, proven);
    if (!candidate || !(isOld || isSame(who, candidate.identity))) return;
    candidate.turns[event](isOld);
    if (!isOld) candidate.failure = why;
    if (isOld ? event === "connected" && candidate.isFallbackTold : event === "refused") {
      candidate.isRefused = true;
    }
    if (!candidate.turns.isOlds() || candidate.isFallbackTold) return;
    candidate.isFallbackTold = true;
    listener.onFallback(proven, candidate.isRefused ? notLetIn(candidate) : candidate.failure);
  }

  return {
    current: () => waiting() ?? proven,
    next(now) {
      if (!candidate || candidate.turns.isOlds()) return proven;
      const { identity } = candidate;
      const isEarly = now < identity.notBefore.getTime();
      return isEarly && proven.notBefore < identity.notBefore ? proven : identity;
    },
    reload() {
      const now = fingerprintOf(device);
      if (now === seen) return waiting() !== undefined;
      seen = now;
      try {
        const identity = loadIdentity(device);
        if (identity.deviceId !== proven.deviceId) throw ofAnotherDevice(device, identity, proven);
        const isNew = !isSame(identity, proven);
        unusable = undefined;
        candidate = isNew ? newCandidate(identity) : undefined;
        if (isNew) listener.onNew(identity);
      } catch (error) {
        unusable = notUsable(error);
        listener.onUnusable(unusable);
      }
      return waiting() !== undefined;
    },
    accepted(who) {
      book(who, "connected");
      proven = who;
      if (candidate && isSame(candidate.identity, who)) candidate = undefined;
    },
    refused: (who, why) => book(who, "refused", why),
    failed: (who, why) => book(who, "failed", why),
    trouble: () => unusable ?? (candidate?.isRefused ? notLetIn(candidate) : undefined),
  };
}

function ofAnotherDevice(
  { certificateFile }: { certificateFile: string },
  { deviceId: found }: Identity,
  { deviceId: own }: Identity,
): AgentError {
  return configError(
    `device.certificateFile: ${certificateFile} is the certificate of ${found}; this agent runs as ${own}`,
    `install a certificate of ${own}, or restart the agent as ${found} with a state directory of its own`,
  );
}

function newCandidate(identity: Identity): Candidate {
  return { identity, turns: createTurns(), isFallbackTold: false, failure: undefined, isRefused: false };
}

function notUsable(error: unknown): AgentError {
  return new AgentError(messageOf(error), {
    code: "CERTIFICATE_UNUSABLE",
    retryable: true,
    remedy: isAgentError(error) ? error.remedy : "install a certificate and its key anew",
    cause: error,
  });
}

function notLetIn({ identity, failure }: Candidate): AgentError {
  const why = failure === undefined ? "" : `: ${messageOf(failure)}`;
  return new AgentError(`the new certificate ${identity.thumbprint} does not get in${why}`, {
    code: "CERTIFICATE_REFUSED",
    retryable: true,
    remedy:
      "enrol the CA of the new certificate, or install a pair that is let in: the next start knows no other",
    cause: failure,
  });
}

/** Of the whole file: the same leaf with other intermediates may be let in where it was refused. */
function isSame(one: Identity, other: Identity): boolean {
  return one.certificatePem === other.certificatePem;
}

function fingerprintOf({ certificateFile, keyFile }: { certificateFile: string; keyFile: string }): string {
  return [certificateFile, keyFile].map(stampOf).join(" ");
}

function stampOf(file: string): string {
  try {
    // The time of the last change to the inode: a mode or an owner that was put right counts as well.
    const { ino, size, mtimeMs, ctimeMs } = statSync(file);
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch {
    return "absent";
  }
}
