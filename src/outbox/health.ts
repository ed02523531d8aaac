import { AgentError, messageOf } from "../errors.ts";

/** What the durable outbox has to say, each once when it happens. */
export type OutboxEvent =
  /** The disk cannot be used: until `disk` comes, what is appended is only in memory. */
  | { kind: "memory"; cause: AgentError }
  /** The disk is used again, and has what memory held. */
  | { kind: "disk" }
  /** What lies in this file cannot be had for now; the others go on. It is tried again, until `readable` comes. */
  | { kind: "unreadable"; file: string; cause: AgentError }
  /** It was read after all, or had to go. */
  | { kind: "readable"; file: string }
  /** The oldest entries that still waited had to go; "memory" is said once until the disk is used again. */
  | { kind: "dropped"; reason: "bytes" | "age" | "memory"; count: number }
  /** These entries that still waited cannot be read any more: a torn write, a flipped bit, a bad block. */
  | { kind: "damaged"; file: string; count: number }
  /** The oldest file had to go, and could never be read since the start: nobody knows how many waited in it. */
  | { kind: "unread-dropped"; file: string; reason: "bytes" | "age" }
  /** This entry could be read and not sent, and never could be. */
  | { kind: "unsendable"; sequence: number; cause: unknown };

export function diskUnusable(directory: string, cause: unknown): AgentError {
  return new AgentError(`the outbox cannot use ${directory}: ${messageOf(cause)}`, {
    code: "OUTBOX_IN_MEMORY",
    retryable: true,
    remedy:
      `Make room on the disk of ${directory} and let the agent's user write there; the outbox returns to it by ` +
      "itself. Until then a restart of the agent loses what waits in memory.",
    cause,
  });
}

export function fileUnreadable(file: string, cause: unknown): AgentError {
  return new AgentError(`${file} cannot be read: ${messageOf(cause)}`, {
    code: "OUTBOX_UNREADABLE",
    retryable: true,
    remedy:
      `Make ${file} a plain file that the agent's user may read, and check the card's health; what waits in it is ` +
      "sent once it can be read.",
    cause,
  });
}

export function notSaved(directory: string, count: number, cause: unknown): AgentError {
  return new AgentError(`${count} waiting entries could not be saved in ${directory}: ${messageOf(cause)}`, {
    code: "OUTBOX_NOT_SAVED",
    retryable: false,
    remedy: `Make room on the disk of ${directory} and let the agent's user write there before the agent starts again.`,
    cause,
  });
}

export function tooLarge(bytes: number, most: number): AgentError {
  return new AgentError(`a payload of ${bytes} bytes as JSON; the outbox takes up to ${most}`, {
    code: "OUTBOX_ENTRY_TOO_LARGE",
    retryable: false,
    remedy: `Append payloads of at most ${most} bytes of JSON.`,
  });
}
