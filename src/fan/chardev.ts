import type { Clock } from "../lib/clock.ts";
import { createHolder } from "./chardev-holder.ts";
import { type ChardevLine, takenBy } from "./chardev-line.ts";
import { createMonitor } from "./chardev-monitor.ts";
import { describeChip, findLine } from "./chips.ts";
import type { GpioDriver, LineRequest } from "./driver.ts";
import { createGpiod, type Gpiod } from "./gpiod.ts";
import type { LineInfo } from "./gpiod-output.ts";
import type { ToolLine } from "./gpiod-syntax.ts";
import { lineText } from "./line.ts";

/**
 * Lines through the GPIO character device, by libgpiod's tools: a gpioset holds the level for as long as it runs.
 *
 * What the pin does: to switch, one gpioset ends and the next begins, and for some milliseconds nobody holds the line. So
 * it is too when the agent lets go, ends or is killed. A line that nobody holds becomes an input and floats, so that its
 * resistor decides, with the drivers of the mainline kernel; with Raspberry Pi's own kernel it stays an output and keeps
 * its level, unless `dtparam=strict_gpiod` stands in config.txt.
 */
export function createChardev(clock: Clock, gpiod: Gpiod = createGpiod()): GpioDriver {
  async function find({ line, key, activeLow }: LineRequest): Promise<ChardevLine> {
    const { chip, offset } = findLine(line, await gpiod.chips(), key);
    const where = `${lineText(line)} is line ${offset} of ${describeChip(chip)}`;
    return { where, tool: { chip: chip.name, offset, activeLow } };
  }

  async function findFree(request: LineRequest) {
    const line = await find(request);
    const { direction, consumer } = await gpiod.info(line.tool);
    if (consumer !== undefined) throw takenBy(consumer, line);
    return { line, direction };
  }

  /**
   * Of a line that nobody has. The kernel tells what the last user had made of it, though the line has floated since, and
   * looks at the chip itself only when the next one takes it: who reads it.
   */
  async function lookAtFree(tool: ToolLine, told: LineInfo["direction"]) {
    if (told === "input") return { direction: told, level: undefined };
    const level = await gpiod.readOutput(tool);
    if (level === undefined) return { direction: told, level };
    const { direction } = await gpiod.info(tool);
    return { direction, level: direction === "output" ? level : undefined };
  }

  return {
    async look(request) {
      const { tool, where } = await find(request);
      const { direction: told, consumer } = await gpiod.info(tool);
      const unread = { direction: told, level: undefined };
      const { direction, level } =
        consumer === undefined ? await lookAtFree(tool, told).catch(() => unread) : unread;
      return { where, direction, on: level, consumer };
    },
    async openOutput(request, onLost) {
      const { line, direction } = await findFree(request);
      const { level } = await lookAtFree(line.tool, direction);
      const found = level ?? request.initial;
      const holder = createHolder(line, gpiod, clock, onLost);
      await holder.set(found);
      return { where: line.where, found, ...holder };
    },
    async openInput({ pull, ...request }, onEdge, onLost) {
      const { line } = await findFree(request);
      const monitor = createMonitor(line, { gpiod, clock, pull, onEdge, onLost });
      await monitor.read();
      return monitor;
    },
  };
}
