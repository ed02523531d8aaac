import { setTimeout as delay } from "node:timers/promises";

/** Calls that wait in one of libuv's threads, and cannot be cancelled. */
const calls = new Set<Promise<unknown>>();

/** Twice what the kernel gives an I2C transfer. */
const PATIENCE = 2000;

/** By performance.now(). */
let end = Number.POSITIVE_INFINITY;

/** Marks a call into the kernel that may hang, until it has come back. Returns it as it is. */
export function inKernel<T>(call: Promise<T>): Promise<T> {
  calls.add(call);
  const forget = () => void calls.delete(call);
  call.then(forget, forget);
  return call;
}

/** Whenever `leave` is called: it waits no longer than so many milliseconds from now. */
export function leaveWithin(milliseconds: number): void {
  end = performance.now() + milliseconds;
}

/**
 * Ends the process with `code`. Node's own exit joins libuv's threads, so one that hangs in the kernel would keep the
 * process for ever: after 2 s, or what `leaveWithin` has left of them, it ends by a signal instead: by SIGTERM, which
 * systemd counts as clean, for code 0, and by SIGKILL otherwise.
 */
export async function leave(code: number): Promise<never> {
  const left = Math.max(0, Math.min(PATIENCE, end - performance.now()));
  await Promise.race([Promise.allSettled(calls), delay(left)]);
  if (calls.size > 0) {
    process.removeAllListeners("SIGTERM");
    process.kill(process.pid, code === 0 ? "SIGTERM" : "SIGKILL");
  }
  process.exit(code);
}
