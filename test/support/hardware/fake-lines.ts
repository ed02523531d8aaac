import type { AgentError } from "#agent/errors.js";
import type { GpioDriver } from "#agent/fan/driver.js";
import { fanFailure } from "#agent/fan/failure.js";
import { lineText } from "#agent/fan/line.js";

/** Lines in memory, in the place of the kernel's: what the driver above them sees, and what a test does to them. */
export interface FakeLines {
  driver: GpioDriver;
  /** All levels that the output had, the newest last. Logical. */
  levels: boolean[];
  /** Every open of a line, `output` or `input`. */
  opens: string[];
  /** From now on this goes wrong, until it is undefined again. */
  broken: { open?: string; set?: string; input?: string; read?: string };
  /** Called as the output is opened. */
  onOpen?: () => void;
  /** Called while the input is read. */
  onRead?: () => void;
  /** How often the input was closed. */
  closed: { input: number };
  /** How often the input was read. */
  reads: number;
  /** How long a level is believed, milliseconds. */
  readAgain: number;
  /** The kernel takes the output away. */
  lose(): void;
  loseInput(): void;
  /** What is connected to the input. Without `silent`, the edge is told. */
  feel(level: boolean, silent?: "silent"): void;
  isOpen(): boolean;
  isWatched(): boolean;
}

/** `found`: an output already, at that level. Undefined: an input that nobody drives. */
export function createFakeLines(found?: boolean): FakeLines {
  let output: { onLost: (error: AgentError) => void } | undefined;
  let input: { onEdge: (level: boolean) => void; onLost: (error: AgentError) => void } | undefined;
  let level = found;
  let felt = false;
  const failure = (why: string) => fanFailure(why, "mend it");
  const lines: FakeLines = {
    levels: [],
    opens: [],
    broken: {},
    closed: { input: 0 },
    reads: 0,
    readAgain: 10_000,
    lose() {
      const { onLost } = output ?? {};
      output = undefined;
      level = undefined;
      onLost?.(failure("the line was lost"));
    },
    loseInput() {
      const { onLost } = input ?? {};
      input = undefined;
      onLost?.(failure("the feedback was lost"));
    },
    feel(now, silent) {
      const before = felt;
      felt = now;
      if (before !== now && !silent) input?.onEdge(now);
    },
    isOpen: () => output !== undefined,
    isWatched: () => input !== undefined,
    driver: {
      look: async ({ line }) => ({
        where: lineText(line),
        direction: level === undefined ? "input" : "output",
        on: level,
        consumer: undefined,
      }),
      async openOutput({ line, initial }, onLost) {
        lines.opens.push("output");
        lines.onOpen?.();
        if (lines.broken.open) throw failure(lines.broken.open);
        const taken = level ?? initial;
        if (level !== taken) lines.levels.push(taken);
        level = taken;
        output = { onLost };
        return {
          where: lineText(line),
          found: taken,
          async set(on) {
            if (lines.broken.set) throw failure(lines.broken.set);
            if (level !== on) lines.levels.push(on);
            level = on;
          },
          async close() {
            output = undefined;
          },
        };
      },
      async openInput(_request, onEdge, onLost) {
        lines.opens.push("input");
        if (lines.broken.input) throw failure(lines.broken.input);
        input = { onEdge, onLost };
        return {
          readAgain: lines.readAgain,
          async read() {
            lines.reads += 1;
            lines.onRead?.();
            if (lines.broken.read) throw failure(lines.broken.read);
            return felt;
          },
          async close() {
            lines.closed.input += 1;
            input = undefined;
          },
        };
      },
    },
  };
  return lines;
}
