/** What a `FleetError` carries beside its message. */
export interface FleetErrorDetails {
  /** Stable and upper-case, or the hub's own six digits: programs match on this, never on text. */
  code: string;
  /** What the operator can do about it, in the imperative. */
  remedy: string;
  /** What the process ends with; 1 unless told: 64 is a usage error, 78 a broken file. */
  exitCode?: number;
  cause?: unknown;
}

/** The one error class of this tool: what failed in `message`, what to do in `remedy`. */
export class FleetError extends Error {
  override readonly name = "FleetError";
  readonly code: string;
  readonly remedy: string;
  readonly exitCode: number;

  constructor(message: string, details: FleetErrorDetails) {
    super(message, { cause: details.cause });
    this.code = details.code;
    this.remedy = details.remedy;
    this.exitCode = details.exitCode ?? 1;
  }
}

/** A value on the command line that is not allowed: exit code 64 (sysexits.h, EX_USAGE). */
export function usageError(message: string, remedy: string): FleetError {
  return new FleetError(message, { code: "USAGE", remedy, exitCode: 64 });
}

/** The text of whatever was thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/\s+/g, " ").trim();
}

/** The `code` of a Node or hub error, or an empty text. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" || typeof code === "number" ? String(code) : "";
}
