import { statSync } from "node:fs";
import { messageOf } from "../errors.ts";
import { type Identity, loadIdentity } from "./identity.ts";

/** The device's certificate and key, followed as their files are replaced. */
export interface IdentitySource {
  /** The newest pair that was found sound, unless it was refused. */
  current(): Identity;
  /**
   * Whom to connect as at `now`, milliseconds since 1970: the same, but while it is not valid yet, the old pair if that
   * is, or will be sooner.
   */
  next(now: number): Identity;
  /** Looks at the files again; true if a new sound pair waits for its first connection. */
  reload(): boolean;
  /** `who` has connected: an older pair is forgotten. A newer one that was found meanwhile has proven nothing yet. */
  accepted(who: Identity): void;
  /**
   * `who` was refused: if it was the new pair, the old one is used again. When that one is refused, then or years later,
   * it is the new one's turn once more.
   */
  refused(who: Identity): void;
}

/** What the source tells; each once for each change of the files. */
export interface IdentityListener {
  onNew(identity: Identity): void;
  /** The files were replaced by something that cannot be used; the old pair stays. */
  onUnusable(reason: string): void;
  onFallback(kept: Identity): void;
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
  let candidate: Identity | undefined;
  let rejected: Identity | undefined;
  let seen = fingerprintOf(device);

  return {
    current: () => candidate ?? proven,
    next(now) {
      if (!candidate) return proven;
      const isEarly = now < candidate.notBefore.getTime();
      return isEarly && proven.notBefore < candidate.notBefore ? proven : candidate;
    },
    reload() {
      const now = fingerprintOf(device);
      if (now === seen) return candidate !== undefined;
      seen = now;
      try {
        const loaded = loadIdentity({ ...device, id: proven.deviceId });
        candidate = isSame(loaded, proven) ? undefined : loaded;
        rejected = undefined;
        if (candidate) listener.onNew(candidate);
      } catch (error) {
        listener.onUnusable(messageOf(error));
      }
      return candidate !== undefined;
    },
    accepted(who) {
      proven = who;
      if (candidate && isSame(candidate, who)) candidate = undefined;
    },
    refused(who) {
      if (candidate && isSame(candidate, who)) {
        rejected = candidate;
        candidate = undefined;
        listener.onFallback(proven);
      } else if (!candidate && isSame(proven, who)) {
        candidate = rejected;
        rejected = undefined;
      }
    },
  };
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
    const { ino, size, mtimeMs } = statSync(file);
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return "absent";
  }
}
