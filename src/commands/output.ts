/** Where a command writes: what was asked for, and what went wrong. */
export interface Output {
  say(text: string): void;
  complain(text: string): void;
}

export const standardOutput: Output = {
  say: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
};
