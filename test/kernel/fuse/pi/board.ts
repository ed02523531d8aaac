import {
  type Air,
  createSht31Chip,
  type Sht31Faults,
  type Transfer,
} from "../../../support/hardware/sht31-chip.ts";
import { type Directory, rootDirectory } from "./fuse/tree.ts";
import { createGpioChip, type GpioChipSpec } from "./gpio-chip.ts";
import type { Level, Line, LineEvent } from "./gpio-line.ts";
import { createGpioSysfs } from "./gpio-sysfs.ts";
import { type BusFaults, type BusTransfer, createI2cBus } from "./i2c-bus.ts";
import { i2cDevice } from "./i2c-dev.ts";
import { createI2cDrivers } from "./i2c-drivers.ts";

/** ADDR pin low (SHT3x-DIS datasheet v5, table 7). */
export const SHT31_ADDRESS = 0x44;

/** The bus on the pins of the header. */
const I2C_BUS = 1;

export interface BoardOptions {
  gpioChips: readonly GpioChipSpec[];
  air: Air;
  /** Of the sensor, from its power-up on. */
  faults?: Partial<Sht31Faults>;
  /** False: I2C is not switched on, there is no /dev/i2c-1. */
  i2c?: boolean;
  /** Lines that somebody else has from the beginning. */
  taken?: readonly { chip: string; offset: number; owner: string }[];
  /** Milliseconds from the export of a line until udev has given its files to us. */
  udevDelay?: number;
  /** False: a kernel without GPIO_SYSFS, there is no /sys/class/gpio. */
  gpioSysfs?: boolean;
}

/** What can be done to the board from outside, and be seen there. Lines are named by chip label and offset. */
export interface Board {
  setAir(air: Partial<Air>): void;
  setSensorFaults(faults: Partial<Sht31Faults>): void;
  unplugSensor(): void;
  plugInSensor(): void;
  /** The sensor's supply fails for a moment. */
  brownOut(): void;
  isHeating(): boolean;
  /** What the sensor was told and what it said. */
  sensorTransfers(): readonly Transfer[];
  /** A driver of the kernel has the sensor, as after `dtoverlay=i2c-sensor,sht3x`; undefined: none has it any more. */
  bindSensor(driver: string | undefined): void;
  setBusFaults(faults: Partial<BusFaults>): void;
  /** What happened on the bus, at all addresses. */
  busTransfers(): readonly BusTransfer[];
  line(chip: string, offset: number): LineState;
  /** The world outside puts a level on a line: seen if it is an input. */
  drive(chip: string, offset: number, level: Level): void;
  /** Ties the pad to a level, whatever its output; undefined ends it. */
  short(chip: string, offset: number, level: Level | undefined): void;
  /** The chip does not answer who reads the line's value: an errno, such as `EIO`; undefined ends it. */
  failReads(chip: string, offset: number, code: string | undefined): void;
  /** The second line follows the first from now on, as the contact that tells that a fan runs. */
  wire(chip: string, from: number, to: number): void;
  /** Somebody unexports a line just as an edge comes, before anybody has read it. */
  snatch(chip: string, offset: number): void;
  /** Another driver takes the line, as `gpiomon` or a device tree overlay would, or lets go of it. */
  take(chip: string, offset: number, owner: string): void;
  giveBack(chip: string, offset: number, owner: string): void;
}

export interface LineState {
  owner: string | undefined;
  direction: "in" | "out";
  level: Level;
  edge: string;
  /** Edges that were asked for. */
  interrupts: number;
  history: readonly LineEvent[];
}

/**
 * A Raspberry Pi with an SHT31 on /dev/i2c-1. Below `root` lie `i2c-1`, `gpio/` for /sys/class/gpio and `bus-i2c/` for
 * /sys/bus/i2c.
 */
export function createBoard(options: BoardOptions): { root: Directory; board: Board } {
  const air = { ...options.air };
  const sensor = createSht31Chip({
    now: () => performance.now(),
    air: () => air,
    ...(options.faults && { faults: options.faults }),
  });
  const drivers = createI2cDrivers(I2C_BUS);
  const bus = createI2cBus(new Map([[SHT31_ADDRESS, sensor]]), drivers.has);
  const chips = options.gpioChips.map(createGpioChip);
  const gpio = createGpioSysfs(chips, options.udevDelay ?? 0);
  const root = rootDirectory({
    ...(options.i2c !== false && { "i2c-1": i2cDevice(bus) }),
    "bus-i2c": drivers.directory,
    ...(options.gpioSysfs !== false && { gpio: gpio.directory }),
  });

  function line(label: string, offset: number): Line {
    const found = chips.find((chip) => chip.label === label)?.lines[offset];
    if (!found) throw new Error(`there is no line ${offset} of ${label}`);
    return found;
  }

  for (const { chip, offset, owner } of options.taken ?? []) line(chip, offset).request(owner);

  const board: Board = {
    setAir: (change) => void Object.assign(air, change),
    setSensorFaults: (faults) => void Object.assign(sensor.faults, faults),
    unplugSensor: sensor.unplug,
    plugInSensor: sensor.plugIn,
    brownOut: sensor.brownOut,
    isHeating: sensor.heater,
    sensorTransfers: sensor.told,
    bindSensor(driver) {
      if (driver === undefined) drivers.unbind(SHT31_ADDRESS);
      else drivers.bind(SHT31_ADDRESS, driver);
    },
    setBusFaults: (faults) => void Object.assign(bus.faults, faults),
    busTransfers: () => bus.transfers,
    line(chip, offset) {
      const { history, ...now } = line(chip, offset);
      return {
        owner: now.owner(),
        direction: now.direction(),
        level: now.level(),
        edge: now.edge(),
        interrupts: now.interrupts(),
        history,
      };
    },
    drive: (chip, offset, level) => line(chip, offset).drive(level),
    short: (chip, offset, level) => line(chip, offset).short(level),
    failReads: (chip, offset, code) => line(chip, offset).failReads(code),
    wire(chip, from, to) {
      const follow = () => line(chip, to).drive(line(chip, from).level());
      line(chip, from).onLevel(follow);
      follow();
    },
    snatch(chip, offset) {
      const { level, drive } = line(chip, offset);
      const before = level();
      drive(before === 1 ? 0 : 1);
      gpio.unexport(chip, offset);
      drive(before);
    },
    take: (chip, offset, owner) => line(chip, offset).request(owner),
    giveBack: (chip, offset, owner) => line(chip, offset).free(owner),
  };
  return { root, board };
}
