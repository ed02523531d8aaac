/** Callers that wait for something to become true. */
export interface Waiters {
  /** Resolves at the first `check` that finds `isOver`, at once if it is so now; rejects with an AbortError. */
  wait(isOver: () => boolean, signal: AbortSignal): Promise<void>;
  /** Call after every change that `isOver` may look at. */
  check(): void;
}

export function createWaiters(): Waiters {
  const checks = new Set<() => void>();
  return {
    wait: (isOver, signal) =>
      new Promise((resolve, reject) => {
        const leave = (): void => {
          checks.delete(check);
          signal.removeEventListener("abort", abort);
        };
        const check = (): void => {
          if (!isOver()) return;
          leave();
          resolve();
        };
        const abort = (): void => {
          leave();
          reject(new DOMException("The wait was stopped", "AbortError"));
        };
        if (signal.aborted) return abort();
        checks.add(check);
        signal.addEventListener("abort", abort);
        check();
      }),
    check: () => {
      for (const check of [...checks]) check();
    },
  };
}
