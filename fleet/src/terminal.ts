import { closeSync } from "node:fs";
import { isatty } from "node:tty";

/**
 * Closes, as the process ends, those of the standard streams whose terminal is gone (its window was closed). Node sets
 * each terminal back to the mode in which it found it, and aborts where that fails (`ResetStdio` in its src/node.cc);
 * a descriptor that is closed it passes over.
 */
export function letGoOfLostTerminals(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on("exit", () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}
