/** A line of result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A line about the work, not its result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
