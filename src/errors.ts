/** What an `AgentError` carries beside its message. */
export interface AgentErrorDetails {
  /** Stable, upper-case, documented in docs/errors.md: programs match on this, never on text. */
  code: string;
  /** True if the same call may succeed later without anyone changing anything. */
  retryable: boolean;
  /** What a person can do about it, as one sentence in the imperative. */
  remedy: string;
  /** Milliseconds the other side asked us to wait before the next try. */
  retryAfter?: number;
  cause?: unknown;
}

/** The one error class of the agent: what failed in `message`, why in `cause`, what to do in `remedy`. */
export class AgentError extends Error {
  override readonly name = "AgentError";
  readonly code: string;
  readonly retryable: boolean;
  readonly remedy: string;
  readonly retryAfter: number | undefined;

  constructor(message: string, details: AgentErrorDetails) {
    super(message, { cause: details.cause });
    this.code = details.code;
    this.retryable = details.retryable;
    this.remedy = details.remedy;
    this.retryAfter = details.retryAfter;
  }
}

export function isAgentError(error: unknown): error is AgentError {
  return error instanceof AgentError;
}

/** True for the rejection of anything that was stopped through its `AbortSignal`. */
export function isAborted(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** The text of whatever was thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/\s+/g, " ").trim();
}

/** The file system's reason without the path, which the caller has named already: "ENOENT: no such file or directory". */
export function fileReason(error: unknown): string {
  const isSystemError = error instanceof Error && "syscall" in error && "code" in error;
  return isSystemError ? (messageOf(error).split(", ")[0] ?? "") : messageOf(error);
}

/** What the log says of an error, as fields of its line. */
export interface Cause {
  cause: string;
  /** Left out: nobody has foreseen this one. */
  code?: string;
  remedy?: string;
}

export function causeOf(error: unknown): Cause {
  const cause = messageOf(error);
  return isAgentError(error) ? { cause, code: error.code, remedy: error.remedy } : { cause };
}
