/** A signal that aborts by itself after a time. */
export interface Timer {
  readonly signal: AbortSignal;
  /** Ends the wait without aborting. */
  cancel(): void;
}

/** Aborts `seconds` from now; never, if it is undefined. */
export function startTimer(seconds: number | undefined): Timer {
  const over = new AbortController();
  if (seconds === undefined) return { signal: over.signal, cancel: () => undefined };
  const timer = setTimeout(() => over.abort(), seconds * 1000);
  return { signal: over.signal, cancel: () => clearTimeout(timer) };
}
