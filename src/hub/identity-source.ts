import { statSync } from "node:fs";
import { messageOf } from "../errors.ts";
import { type Identity, loadIdentity } from "./identity.ts";

/** The device's certificate and key, followed as their files are replaced. */
export interface IdentitySource {
  /** Whom to connect as next: the newest pair that was found sound, unless it was refused. */
  current(): Identity;
  /** Looks at the files again; true if a new sound pair waits for its first connection. */
  reload(): boolean;
  /** The pair that `current` gave has connected: an older one is forgotten. */
  accepted(): void;
  /**
   * It was refused: if an older pair is still kept, that one is used again. When that one is refused, then or years
   * later, it is the new one's turn once more.
   */
  refused(): void;
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
    reload() {
      const now = fingerprintOf(device);
      if (now === seen) return candidate !== undefined;
      seen = now;
      try {
        const loaded = loadIdentity({ ...device, id: proven.deviceId });
        candidate = loaded.thumbprint === proven.thumbprint ? undefined : loaded;
        rejected = undefined;
        if (candidate) listener.onNew(candidate);
      } catch (error) {
        listener.onUnusable(messageOf(error));
      }
      return candidate !== undefined;
    },
    accepted() {
      proven = candidate ?? proven;
      candidate = undefined;
    },
    refused() {
      const next = rejected;
      rejected = candidate;
      candidate = next;
      if (rejected) listener.onFallback(proven);
    },
  };
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
