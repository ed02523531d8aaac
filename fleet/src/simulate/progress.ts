import type { WriteStream } from "node:tty";

/** One line of what is being done, for a person who waits. */
export interface Progress {
  show(text: string): void;
  /** Ends the line for something else; `show` begins another. */
  pause(): void;
  /** Ends the line, so that something else may be written below. */
  done(): void;
  /** True once `done` was called. */
  isDone(): boolean;
}

const PLAIN_EVERY = 1000;

/** Rewrites its line on a terminal; elsewhere writes at most one line a second, and the last one always. */
export function createProgress(stream: WriteStream): Progress {
  const line = stream.isTTY === true ? terminalProgress(stream) : plainProgress(stream);
  let done = false;
  return {
    show: line.show,
    pause: line.done,
    done: () => {
      line.done();
      done = true;
    },
    isDone: () => done,
  };
}

type Line = Pick<Progress, "show" | "done">;

function terminalProgress(stream: WriteStream): Line {
  let open = false;
  return {
    show: (text) => {
      stream.write(`\r${text}\u001b[K`);
      open = true;
    },
    done: () => {
      if (open) stream.write("\n");
      open = false;
    },
  };
}

function plainProgress(stream: WriteStream): Line {
  let written = "";
  let latest = "";
  let at = Number.NEGATIVE_INFINITY;
  const write = () => {
    if (latest !== written) stream.write(`${latest}\n`);
    written = latest;
    at = performance.now();
  };
  return {
    show: (text) => {
      latest = text;
      if (performance.now() - at >= PLAIN_EVERY) write();
    },
    done: write,
  };
}
