import type { AgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { untilHeld } from "./chardev-held.ts";
import type { ChardevLine } from "./chardev-line.ts";
import type { Output } from "./driver.ts";
import { fanFailure } from "./failure.ts";
import type { Gpiod } from "./gpiod.ts";
import type { RunningTool } from "./tool.ts";

/** Holds an output at a level, a gpioset a level. */
export function createHolder(
  line: ChardevLine,
  gpiod: Gpiod,
  clock: Clock,
  onLost: (error: AgentError) => void,
): Pick<Output, "set" | "close"> {
  let held: { holder: RunningTool; on: boolean } | undefined;

  async function close(): Promise<void> {
    const former = held;
    held = undefined;
    await former?.holder.end();
  }

  async function set(on: boolean): Promise<void> {
    if (held?.on === on) return;
    await close();
    const holder = await gpiod.hold(line.tool, on);
    await untilHeld(holder, line, "output", { gpiod, clock });
    held = { holder, on };
    void holder.ended.then((error) => {
      if (held?.holder !== holder) return;
      held = undefined;
      onLost(fanFailure(`${line.where}; ${error.message}`, "look at the kernel's log, and who ends gpioset"));
    });
  }

  return { set, close };
}
