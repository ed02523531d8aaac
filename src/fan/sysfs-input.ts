import { type AgentError, messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Input, LineRequest } from "./driver.ts";
import { CHECK_USERS, fanFailure } from "./failure.ts";
import { forget, type Gpio, loadOnoff, openGpio } from "./onoff-gpio.ts";
import { checkEvents, codeOf, exportLine, noEvents, unexportLine, untilUsable } from "./sysfs-export.ts";
import { configureLine, lineFiles } from "./sysfs-files.ts";
import { numberLine } from "./sysfs-line.ts";

export interface SysfsInputParts {
  folder: string;
  clock: Clock;
  onEdge: (level: boolean) => void;
  onLost: (error: AgentError) => void;
}

/** A read is one of memory, so a level that agrees is read again as often as one that does not. Milliseconds. */
const READ_AGAIN = 10_000;

/**
 * Takes a line as an input with events, its resistor as it is: there is no file for that. It is unexported at the end if
 * it was exported here. Rejects with `FAN_FAILED`.
 */
export async function openSysfsInput(
  request: LineRequest,
  { folder, clock, onEdge, onLost }: SysfsInputParts,
): Promise<Input> {
  const { key, activeLow } = request;
  const onoff = await loadOnoff();
  const line = await numberLine(request, folder);
  const isOurs = await exportLine(line, folder);
  let state: "opening" | "watched" | "lost" | "closed" = "opening";
  let opened: Gpio | undefined;

  /** `ENODEV`: somebody has unexported it before. */
  async function letGo(error?: unknown): Promise<void> {
    if (opened) forget(opened);
    if (isOurs && codeOf(error) !== "ENODEV") await unexportLine(line, folder);
  }

  function takenAway(error: unknown): AgentError {
    return fanFailure(`${line.where}; it was taken away: ${messageOf(error)}`, CHECK_USERS, error);
  }

  /** The event of a line that is gone would come for ever, and onoff would tell it as an edge. */
  function onEvent(read: () => 0 | 1): 0 | 1 {
    try {
      return read();
    } catch (error) {
      if (state !== "watched") return 0;
      state = "lost";
      setImmediate(() => {
        void letGo(error);
        if (state === "lost") onLost(takenAway(error));
      });
      return 0;
    }
  }

  async function open(): Promise<Gpio> {
    await checkEvents(line, key, folder);
    await untilUsable(line, ["direction", "active_low", "value", "edge"], folder, clock);
    await configureLine(line, folder, { activeLow, wasExported: !isOurs, to: "in", clock });
    await lineFiles(line.number, folder)
      .write("edge", "both")
      .catch(() => {
        throw noEvents(line, key);
      });
    opened = openGpio(onoff, line.number, "in", onEvent);
    // Who has not read has missed something, by the kernel's lights, and is told so at once.
    await opened.read();
    opened.watch((error, value) => {
      if (!error && state === "watched") onEdge(value === 1);
    });
    state = "watched";
    return opened;
  }

  const gpio = await open().catch(async (error: unknown) => {
    await letGo(error);
    throw error;
  });
  return {
    readAgain: READ_AGAIN,
    async read() {
      try {
        return (await gpio.read()) === 1;
      } catch (error) {
        if (state === "watched") {
          state = "closed";
          await letGo(error);
        }
        throw takenAway(error);
      }
    },
    async close() {
      const former = state;
      state = "closed";
      if (former === "watched") await letGo();
    },
  };
}
