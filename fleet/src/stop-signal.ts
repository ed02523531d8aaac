import type { ReadStream } from "node:tty";

const CONTROL_C = 3;

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, and when standard output can take no more; `stop` gives the signals
 * back.
 */
export function stopSignal(): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, abort);
  process.stdout.on("error", abort);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of signals) process.off(name, abort);
      process.stdout.off("error", abort);
    },
  };
}

/**
 * Calls `onControlC` for a Ctrl-C typed at `keyboard`, and returns the way to stop. The terminal then sends no SIGINT:
 * under `npm start` it would reach npm's shell too, which dies of it, and a stop as asked would exit with 130.
 */
export function readControlC(keyboard: ReadStream, onControlC: () => void): () => void {
  if (!keyboard.isTTY) return () => undefined;
  const onData = (keys: Buffer) => {
    if (keys.includes(CONTROL_C)) onControlC();
  };
  keyboard.setRawMode(true);
  keyboard.on("data", onData);
  return () => {
    keyboard.off("data", onData);
    keyboard.setRawMode(false);
    keyboard.pause();
  };
}
