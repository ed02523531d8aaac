import { refusal } from "./errno.ts";
import { attribute, type Directory, directory } from "./fuse/tree.ts";
import type { GpioChip } from "./gpio-chip.ts";
import type { Line } from "./gpio-line.ts";

const OWNER = "sysfs";

/** /sys/class/gpio (Linux Documentation/admin-guide/gpio/sysfs.rst). Lines have numbers that count over all chips. */
export function gpioDirectory(chips: readonly GpioChip[]): Directory {
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

  function line(number: number): Line {
    const chip = chips.find(({ base, lines }) => number >= base && number < base + lines.length);
    const found = chip?.lines[number - chip.base];
    if (!found) throw refusal("EINVAL");
    return found;
  }
  function exportLine(number: number): void {
    const found = line(number);
    found.request(OWNER);
    const name = `gpio${number}`;
    const attributes = lineDirectory(found, () => top.entries.get(name) === attributes);
    top.entries.set(name, attributes);
  }
  function unexportLine(number: number): void {
    line(number).free(OWNER);
    top.entries.delete(`gpio${number}`);
  }
  return top;
}

function lineDirectory(line: Line, exists: () => boolean): Directory {
  return directory({
    active_low: attribute({
      exists,
      show: () => (line.activeLow() ? 1 : 0),
      store: (text) => line.setActiveLow(integer(text) !== 0),
    }),
    direction: attribute({ exists, show: line.direction, store: line.setDirection }),
    edge: attribute({ exists, show: line.edge, store: line.setEdge }),
    value: attribute({
      exists,
      show: line.value,
      store: (text) => line.setValue(integer(text) === 0 ? 0 : 1),
      poll() {
        // Who has not read yet has missed something, as in kernfs.
        let seen = -1;
        return {
          changed: () => seen !== line.interrupts(),
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
