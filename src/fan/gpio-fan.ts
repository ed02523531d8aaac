import type { AgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { createTurn } from "../lib/turn.ts";
import type { FanConfig } from "./config.ts";
import type { GpioDriver, Output } from "./driver.ts";
import { asFanFailure, fanFailure } from "./failure.ts";
import type { Fan, FanDescription, FanDriver } from "./fan.ts";
import { type Line, lineText } from "./line.ts";
import { createSupervisor, NO_SUPERVISOR } from "./supervisor.ts";

export interface GpioFanParts {
  config: FanConfig & { line: Line };
  /** The interface to use, and why; asked again after each failure. Rejects with `FAN_FAILED` if there is none. */
  choose: () => Promise<{ name: FanDriver; why: string; driver: GpioDriver }>;
  clock: Clock;
  /** The line was taken, by another way than before. */
  onTaken: (description: FanDescription) => void;
  /** The fan has failed by itself, between commands. */
  onFault: (error: AgentError) => void;
  /** Such a failure is over. */
  onRecovered: () => void;
}

/** A fan on a real line. After each failure the next `set` begins from the line's name again: all may have changed. */
export function createGpioFan({ config, choose, clock, ...told }: GpioFanParts): Fan {
  const { line, activeLow, safeState, feedbackLine } = config;
  const turn = createTurn();
  let driver: FanDriver | null = null;
  let detail = "the line has not been taken yet";
  let output: Output | undefined;
  let commanded: boolean | undefined;
  let fault: AgentError | undefined;
  let isReleased = false;
  let isSafe = false;
  const supervisor = feedbackLine
    ? createSupervisor({ ...config, feedbackLine }, { clock, turn, ...told })
    : NO_SUPERVISOR;

  const describe = (): FanDescription => ({
    driver,
    detail,
    line: lineText(line),
    feedbackLine: feedbackLine ? lineText(feedbackLine) : null,
    fault: fault ?? supervisor.fault() ?? null,
  });

  async function reach(initial: boolean): Promise<Output> {
    if (output) return output;
    const chosen = await choose();
    const request = { line, key: "fan.line", activeLow, initial };
    const taken = await chosen.driver.openOutput(request, (error) => {
      output = undefined;
      fault = error;
      told.onFault(error);
    });
    output = taken;
    commanded = taken.found;
    supervisor.use(chosen.driver, taken.found);
    const news = `${taken.where}; ${chosen.why}`;
    if (chosen.name !== driver || news !== detail) {
      driver = chosen.name;
      detail = news;
      told.onTaken({ ...describe(), fault: null });
    }
    return taken;
  }

  async function setLine(on: boolean, prepare: () => Promise<void> = async () => undefined): Promise<void> {
    try {
      const taken = await reach(on);
      await prepare();
      await taken.set(on);
      commanded = on;
      fault = undefined;
    } catch (error) {
      fault = asFanFailure(error);
      const failed = output;
      output = undefined;
      await failed?.close().catch(() => undefined);
      throw fault;
    }
  }

  /** The feedback is read before, so that no edge of this command is missed; without it the fan is commanded all the same. */
  async function command(on: boolean): Promise<void> {
    let blindness: AgentError | undefined;
    const prepare = async () => {
      blindness = await supervisor.refresh().then(() => undefined, asFanFailure);
    };
    const wasTaken = output !== undefined;
    await setLine(on, prepare).catch((error: unknown) => {
      if (!wasTaken) throw error;
      // Somebody may have changed it since: what has failed is let go, and may well be had by taking it anew.
      return setLine(on, prepare);
    });
    await supervisor.commanded(on);
    if (blindness) throw blindness;
  }

  async function open(): Promise<void> {
    try {
      // Of a line that nobody drives: its resistor has put it in the safe state, and there it is taken over.
      await reach(safeState === "on");
      fault = undefined;
    } catch (error) {
      fault = asFanFailure(error);
      throw fault;
    }
    await supervisor.refresh();
  }

  async function release(): Promise<void> {
    if (isSafe) return;
    isReleased = true;
    try {
      // A line that was never taken was never switched either.
      if (safeState !== "hold" && commanded !== undefined) {
        const on = safeState === "on";
        await setLine(on).catch(() => setLine(on));
      }
      isSafe = true;
    } finally {
      await supervisor.close();
      await output?.close();
    }
  }

  return {
    open: () => turn(open),
    set: (on) =>
      turn(async () => {
        if (isReleased) throw fanFailure("the fan was released and takes no commands", "restart the agent");
        await command(on);
      }),
    confirmed: supervisor.confirmed,
    state() {
      if (commanded === undefined || fault || supervisor.fault()) return "failed";
      return commanded ? "on" : "off";
    },
    describe,
    release: () => turn(release),
  };
}
