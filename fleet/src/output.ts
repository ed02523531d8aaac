/** A line of result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A line about the work, not its result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Lets an output that breaks end nothing by itself: what is under way is brought to its end. The exit code is 1 if a
 * result could not be written, to a full disk for one; that nobody reads it (`| head`, the window of the terminal was
 * closed) is no failure.
 */
export function watchOutput(): void {
  const { stdout, stderr } = process;
  stderr.on("error", () => undefined);
  stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE" || (code === "EIO" && stdout.isTTY)) return;
    process.once("exit", () => {
      process.exitCode ||= 1;
    });
  });
}
