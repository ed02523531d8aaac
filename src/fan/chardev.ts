import type { Clock } from "../lib/clock.ts";
import { takeExported } from "./chardev-exported.ts";
import { createHolder } from "./chardev-holder.ts";
import { type ChardevLine, takenBy } from "./chardev-line.ts";
import { createMonitor } from "./chardev-monitor.ts";
import { describeChip, findLine } from "./chips.ts";
import type { GpioDriver, LineFacts, LineRequest } from "./driver.ts";
import { createGpiod, type Gpiod } from "./gpiod.ts";
import type { LineInfo } from "./gpiod-output.ts";
import { nameOf } from "./gpiod-syntax.ts";
import { keepsOutputs } from "./kept-outputs.ts";
import { lineText } from "./line.ts";
import { LINUX_GPIO } from "./obstacles.ts";
import { lookAtLine } from "./sysfs-line.ts";

/**
 * Lines through the GPIO character device, by libgpiod's tools: a gpioset holds the level for as long as it runs.
 *
 * What the pin does: to switch, one gpioset ends and the next begins, and for some milliseconds nobody holds the line.
 * So it is too when the agent lets go, ends or is killed, and after each read. A line that nobody holds becomes an
 * input and floats, so that its resistor decides, with the drivers of the mainline kernel; with Raspberry Pi's own
 * kernel it stays an output and keeps its level, unless `dtparam=strict_gpiod` stands in config.txt. `keeps` tells
 * which, by the chip's label. One that is exported in `folder`, /sys/class/gpio, and that nobody is seen to have open,
 * is taken from there, and goes on at its level after some milliseconds without a driver.
 */
export function createChardev(
  clock: Clock,
  gpiod: Gpiod = createGpiod(),
  keeps: (label: string) => Promise<boolean> = keepsOutputs,
  folder: string = LINUX_GPIO.sysfs,
): GpioDriver {
  async function find({ line, key, activeLow }: LineRequest): Promise<ChardevLine> {
    const { chip, offset } = findLine(line, await gpiod.chips(), key);
    const where = `${lineText(line)} is line ${offset} of ${describeChip(chip)}`;
    return { where, label: chip.label, tool: { chip: chip.name, offset, activeLow } };
  }

  /** The line, nobody's any more, and the level that it drove; undefined for an input, or where that cannot be told. */
  async function take(
    request: LineRequest,
  ): Promise<{ line: ChardevLine; level: () => Promise<boolean | undefined> }> {
    const line = await find(request);
    const { direction, consumer } = await gpiod.info(line.tool);
    if (consumer === "sysfs") {
      const isHigh = await takeExported(request, line, { folder, clock });
      return { line, level: async () => (isHigh === undefined ? undefined : isHigh !== request.activeLow) };
    }
    if (consumer !== undefined) throw takenBy(consumer, line);
    return { line, level: async () => (await lookAtFree(line, direction)).level };
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

  /** Undefined for one that cannot be seen there. Whoever is seen to have it open has it to himself. */
  async function lookAtExported(request: LineRequest, where: string): Promise<LineFacts | undefined> {
    const facts = await lookAtLine(request, folder).catch(() => undefined);
    if (!facts?.users) return undefined;
    const { users, ...rest } = facts;
    return users.found.length > 0 ? { ...rest, where } : { ...facts, where };
  }

  return {
    async look(request) {
      const line = await find(request);
      const { direction: told, consumer } = await gpiod.info(line.tool);
      const exported = consumer === "sysfs" ? await lookAtExported(request, line.where) : undefined;
      if (exported) return exported;
      const unread = { direction: told, level: undefined };
      const { direction, level } =
        consumer === undefined ? await lookAtFree(line, told).catch(() => unread) : unread;
      return { where: line.where, direction, on: level, consumer: consumer && nameOf(consumer) };
    },
    async openOutput(request, onLost) {
      const { line, level } = await take(request);
      const found = (await level()) ?? request.initial;
      const holder = createHolder(line, gpiod, clock, onLost);
      await holder.set(found);
      return { where: line.where, found, ...holder };
    },
    async openInput({ pull, ...request }, onEdge, onLost) {
      const { line } = await take(request);
      return createMonitor(line, { gpiod, clock, pull, onEdge, onLost });
    },
  };
}
