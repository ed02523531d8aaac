import { refusal } from "./errno.ts";
import { type Attribute, attribute, type Directory, directory } from "./fuse/tree.ts";
import type { GpioChip } from "./gpio-chip.ts";
import type { Line } from "./gpio-line.ts";

const OWNER = "sysfs";

export interface GpioSysfs {
  directory: Directory;
  /** As a write to `unexport` does it. */
  unexport(chip: string, offset: number): void;
}

/**
 * /sys/class/gpio (Linux Documentation/admin-guide/gpio/sysfs.rst). Lines have numbers that count over all chips. The
 * files of a line may be used `udevDelay` milliseconds after its export: udev gives them to the group gpio only then.
 */
export function createGpioSysfs(chips: readonly GpioChip[], udevDelay: number): GpioSysfs {
  const top = directory({
    export: attribute({ store: (text) => exportLine(integer(text)) }),
    unexport: attribute({ store: (text) => unexportLine(integer(text)) }),
  });
  for (const { label, base, lines } of chips) {
    const attributes = {
      base: attribute({ show: () => base }),
      label: attribute({ show: () => label }),
      ngpio: attribute({ show: () => lines.length }),
    };
    top.entries.set(`gpiochip${base}`, directory(attributes));
  }

  const chipOf = (number: number) =>
    chips.find(({ base, lines }) => number >= base && number < base + lines.length);

  function line(number: number): Line {
    const chip = chipOf(number);
    const found = chip?.lines[number - chip.base];
    if (!found) throw refusal("EINVAL");
    return found;
  }
  function exportLine(number: number): void {
    const found = line(number);
    found.request(OWNER);
    const name = `gpio${number}`;
    const permittedAt = performance.now() + udevDelay;
    const attributes = lineDirectory(found, {
      exists: () => top.entries.get(name) === attributes,
      permit() {
        if (performance.now() < permittedAt) throw refusal("EACCES");
      },
    });
    if (!chipOf(number)?.hasInterrupts) attributes.entries.delete("edge");
    top.entries.set(name, attributes);
  }
  function unexportLine(number: number): void {
    line(number).free(OWNER);
    top.entries.delete(`gpio${number}`);
  }
  return {
    directory: top,
    unexport: (label, offset) =>
      unexportLine((chips.find((chip) => chip.label === label)?.base ?? 0) + offset),
  };
}

function lineDirectory(line: Line, life: Pick<Attribute, "exists" | "permit">): Directory {
  return directory({
    active_low: attribute({
      ...life,
      show: () => (line.activeLow() ? 1 : 0),
      store: (text) => line.setActiveLow(integer(text) !== 0),
    }),
    direction: attribute({ ...life, show: line.direction, store: line.setDirection }),
    edge: attribute({ ...life, show: line.edge, store: line.setEdge }),
    value: attribute({
      ...life,
      show: line.value,
      store: (text) => line.setValue(integer(text) === 0 ? 0 : 1),
      poll() {
        // Who has not read yet has missed something, as in kernfs.
        let seen = -1;
        return {
          // One that was removed too (kernfs_fop_poll in Linux fs/kernfs/file.c), though nobody is woken for that.
          changed: () => seen !== line.interrupts() || life.exists?.() === false,
          onChange: line.onInterrupt,
          seen() {
            seen = line.interrupts();
          },
        };
      },
    }),
  });
}

/** As kstrtol reads it, decimal numbers only. */
function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw refusal("EINVAL");
  return Number(text);
}
