import { type AgentError, messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Input, LineRequest } from "./driver.ts";
import { fanFailure } from "./failure.ts";
import { forget, loadOnoff } from "./onoff-gpio.ts";
import { checkEvents, exportLine, noEvents, numberLine } from "./sysfs-line.ts";
import { CHECK_USERS } from "./sysfs-output.ts";

export interface SysfsInputParts {
  folder: string;
  clock: Clock;
  onEdge: (level: boolean) => void;
  onLost: (error: AgentError) => void;
}

/** A read is one of memory, so a level that agrees is read again as often as one that does not. Milliseconds. */
const READ_AGAIN = 10_000;

/** Takes a line as an input with events, its resistor as it is: there is no file for that. Rejects with `FAN_FAILED`. */
export async function openSysfsInput(
  request: LineRequest,
  { folder, clock, onEdge, onLost }: SysfsInputParts,
): Promise<Input> {
  const { key, activeLow } = request;
  const line = await numberLine(request, folder);
  const { Gpio } = await loadOnoff();
  await exportLine(line, ["direction", "active_low", "value"], folder, clock);
  await checkEvents(line, key, folder);
  await exportLine(line, ["edge"], folder, clock);
  let state: "opening" | "watched" | "closed" = "opening";

  // onoff reads in the callback of epoll, where nobody could catch what it throws, and the event would come for ever.
  class WatchedGpio extends Gpio {
    override readSync(): 0 | 1 {
      try {
        return super.readSync();
      } catch (error) {
        if (state === "opening") throw error;
        setImmediate(() => {
          if (state === "watched") onLost(lose(error));
        });
        return 0;
      }
    }
  }
  const gpio = new WatchedGpio(line.number, "in", "both", { activeLow });

  function lose(error: unknown): AgentError {
    if (state === "watched") forget(gpio);
    state = "closed";
    return fanFailure(`${line.where}; it was taken away: ${messageOf(error)}`, CHECK_USERS, error);
  }

  function close(): void {
    if (state === "closed") return;
    state = "closed";
    gpio.unexport();
    gpio._poller.close();
  }

  if (gpio.direction() !== "in" || gpio.edge() !== "both" || gpio.activeLow() !== activeLow) {
    close();
    throw noEvents(line, key);
  }
  gpio.watch((error, value) => {
    if (!error && state === "watched") onEdge(value === 1);
  });
  state = "watched";
  return {
    readAgain: READ_AGAIN,
    read: () =>
      gpio.read().then(
        (value) => value === 1,
        (error: unknown) => {
          throw lose(error);
        },
      ),
    close: async () => close(),
  };
}
