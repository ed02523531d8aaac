import type { Chip } from "./chips.ts";
import { fanFailure } from "./failure.ts";
import type { Pull } from "./fan.ts";
import { type LineInfo, parseDetect, parseInfo } from "./gpiod-output.ts";
import { parseVersion, type Syntax, syntaxOf, type ToolLine } from "./gpiod-syntax.ts";
import { type RunningTool, runTool, startTool, type ToolPath } from "./tool.ts";

/** libgpiod's tools, whichever version is installed. All reject with `FAN_FAILED`. */
export interface Gpiod {
  /** `2`: the major version. */
  version(): Promise<number>;
  chips(): Promise<Chip[]>;
  info(line: ToolLine): Promise<LineInfo>;
  /** What `info` calls this tool when it has a line. */
  consumer(tool: RunningTool): Promise<string>;
  /**
   * The level of an output that nobody holds, which is let go then; undefined if it could be read only by making it an
   * input.
   */
  readOutput(line: ToolLine): Promise<boolean | undefined>;
  readInput(line: ToolLine, pull: Pull): Promise<boolean>;
  /** Holds the line at a level for as long as it runs. */
  hold(line: ToolLine, on: boolean): Promise<RunningTool>;
  monitor(line: ToolLine, pull: Pull, onEdge: (level: boolean) => void): Promise<RunningTool>;
}

export function createGpiod(where: ToolPath = {}): Gpiod {
  let known: Promise<number> | undefined;

  async function askVersion(): Promise<number> {
    const output = await runTool("gpioset", ["--version"], where);
    const major = parseVersion(output);
    if (major !== undefined) return major;
    throw fanFailure("gpioset is none of libgpiod's", "run apt install gpiod");
  }

  function version(): Promise<number> {
    known ??= askVersion().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  }

  const syntax = async (): Promise<Syntax> => syntaxOf(await version());

  async function get(line: ToolLine, options: { pull: Pull } | "as-is"): Promise<boolean> {
    const output = await runTool("gpioget", (await syntax()).get(line, options), where);
    const level = /^([01])\s*$/.exec(output)?.[1];
    if (level !== undefined) return level === "1";
    throw fanFailure(`gpioget says ${JSON.stringify(output)}`, "run gpioget by hand to see what it says");
  }

  return {
    version,
    chips: async () => parseDetect(await runTool("gpiodetect", [], where)),
    async info(line) {
      const output = await runTool("gpioinfo", (await syntax()).info(line), where);
      const info = parseInfo(output, line.offset);
      if (info) return info;
      throw fanFailure(
        `gpioinfo says nothing of line ${line.offset} of ${line.chip}`,
        "run gpioinfo by hand to see what it says",
      );
    },
    consumer: async ({ name }) => (await syntax()).consumer(name),
    readOutput: async (line) => ((await syntax()).readsOutputs ? get(line, "as-is") : undefined),
    readInput: (line, pull) => get(line, { pull }),
    hold: async (line, on) => startTool("gpioset", (await syntax()).set(line, on), where),
    async monitor(line, pull, onEdge) {
      const { monitor, risen } = await syntax();
      return startTool("gpiomon", monitor(line, pull), where, (word) => {
        const level = risen(word);
        if (level !== undefined) onEdge(level);
      });
    },
  };
}
