/** Callers that wait for one moment, such as the session being online. */
export interface Moment {
  /** Resolves at the next `come`; rejects as `signal` aborts. */
  wait(signal: AbortSignal): Promise<void>;
  come(): void;
}

export function createMoment(): Moment {
  const waiters = new Set<() => void>();
  return {
    wait(signal) {
      signal.throwIfAborted();
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiters.delete(wake);
          signal.removeEventListener("abort", abort);
        };
        const wake = () => {
          leave();
          resolve();
        };
        const abort = () => {
          leave();
          reject(signal.reason);
        };
        waiters.add(wake);
        signal.addEventListener("abort", abort);
      });
    },
    come() {
      for (const wake of [...waiters]) wake();
    },
  };
}
