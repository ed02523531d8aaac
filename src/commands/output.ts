/** Where a command writes: what was asked for, and what went wrong. */
export interface Output {
  say(text: string): void;
  complain(text: string): void;
}

export const standardOutput: Output = {
  say: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
};

/** Calls `act` when whoever reads what is written has gone, as `head` goes after its lines: no fault of the command. */
export function whenUnread(act: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (!("code" in error) || error.code !== "EPIPE") throw error;
      act();
    });
  }
}
