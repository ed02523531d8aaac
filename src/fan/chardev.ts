import type { Clock } from "../lib/clock.ts";
import { createHolder } from "./chardev-holder.ts";
import { type ChardevLine, takenBy } from "./chardev-line.ts";
import { createMonitor } from "./chardev-monitor.ts";
import { describeChip, findLine } from "./chips.ts";
import type { GpioDriver, LineRequest } from "./driver.ts";
import { createGpiod, type Gpiod } from "./gpiod.ts";
import type { LineInfo } from "./gpiod-output.ts";
import { nameOf } from "./gpiod-syntax.ts";
import { keepsOutputs } from "./kept-outputs.ts";
import { lineText } from "./line.ts";

/**
 * Lines through the GPIO character device, by libgpiod's tools: a gpioset holds the level for as long as it runs.
 *
 * What the pin does: to switch, one gpioset ends and the next begins, and for some milliseconds nobody holds the line. So
 * it is too when the agent lets go, ends or is killed, and after each read. A line that nobody holds becomes an input and floats, so that its
 * resistor decides, with the drivers of the mainline kernel; with Raspberry Pi's own kernel it stays an output and keeps
 * its level, unless `dtparam=strict_gpiod` stands in config.txt. `keeps` tells which, by the chip's label.
 */
export function createChardev(
  clock: Clock,
  gpiod: Gpiod = createGpiod(),
  keeps: (label: string) => Promise<boolean> = keepsOutputs,
): GpioDriver {
  async function find({ line, key, activeLow }: LineRequest): Promise<ChardevLine> {
    const { chip, offset } = findLine(line, await gpiod.chips(), key);
    const where = `${lineText(line)} is line ${offset} of ${describeChip(chip)}`;
    return { where, label: chip.label, tool: { chip: chip.name, offset, activeLow } };
  }

  async function findFree(request: LineRequest) {
    const line = await find(request);
    const { direction, consumer } = await gpiod.info(line.tool);
    if (consumer !== undefined) throw takenBy(consumer, line);
    return { line, direction };
  }

  /**
   * Of a line that nobody has. The kernel tells what the last user had made of it, and looks at the chip itself only when
   * the next one takes it. Whoever reads it takes it, and lets go of it again: only where an output stays one then.
   */
  async function lookAtFree({ label, tool }: ChardevLine, told: LineInfo["direction"]) {
    if (told === "input") return { direction: told, level: undefined };
    if (!(await keeps(label))) return { direction: undefined, level: undefined };
    const level = await gpiod.readOutput(tool);
    if (level === undefined) return { direction: told, level };
    const { direction } = await gpiod.info(tool);
    return { direction, level: direction === "output" ? level : undefined };
  }

  return {
    async look(request) {
      const line = await find(request);
      const { direction: told, consumer } = await gpiod.info(line.tool);
      const unread = { direction: told, level: undefined };
      const { direction, level } =
        consumer === undefined ? await lookAtFree(line, told).catch(() => unread) : unread;
      return { where: line.where, direction, on: level, consumer: consumer && nameOf(consumer) };
    },
    async openOutput(request, onLost) {
      const { line, direction } = await findFree(request);
      const { level } = await lookAtFree(line, direction);
      const found = level ?? request.initial;
      const holder = createHolder(line, gpiod, clock, onLost);
      await holder.set(found);
      return { where: line.where, found, ...holder };
    },
    async openInput({ pull, ...request }, onEdge, onLost) {
      const { line } = await findFree(request);
      return createMonitor(line, { gpiod, clock, pull, onEdge, onLost });
    },
  };
}
