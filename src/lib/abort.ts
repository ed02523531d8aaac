import { setMaxListeners } from "node:events";

/** A signal of one's own that also aborts with others, until it is released. */
export interface Linked {
  signal: AbortSignal;
  abort(): void;
  /** Lets go of the others. Must be called: it is what `AbortSignal.any` forgets on Node 20, a little for every call. */
  release(): void;
}

export function linkSignals(...sources: AbortSignal[]): Linked {
  const own = new AbortController();
  const abort = () => own.abort(sources.find(({ aborted }) => aborted)?.reason);
  for (const source of sources) {
    // Many may be linked to one at a time; they are released, so Node's guess of a leak would be wrong.
    setMaxListeners(0, source);
    if (source.aborted) abort();
    else source.addEventListener("abort", abort);
  }
  return {
    signal: own.signal,
    abort: () => own.abort(),
    release() {
      for (const source of sources) source.removeEventListener("abort", abort);
    },
  };
}

/** What `work` settles to, or the reason of `signal` if that aborts first; `work` then goes on without this caller. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      leave();
      reject(signal.reason);
    };
    const leave = () => signal.removeEventListener("abort", abort);
    // As many as like wait for one signal, and each takes its listener back.
    setMaxListeners(0, signal);
    signal.addEventListener("abort", abort);
    work.finally(leave).then(resolve, reject);
    if (signal.aborted) abort();
  });
}
