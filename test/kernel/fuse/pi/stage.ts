import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const CLASS = "/sys/class";
const BUS = "/sys/bus";
const STAGE = join(CLASS, ".stage");
/** The machine's own devices: all but those that the board has instead. */
const MACHINE = join(STAGE, "machine");
const DEVICES = join(STAGE, "dev");
const OURS = /^(i2c-|gpiochip)/;

/** Where the board is to be mounted. */
export const BOARD = join(STAGE, "board");

let isSet = false;

/**
 * Makes /dev, /sys/class and /sys/bus of this mount namespace such that they lead to what is mounted on `BOARD`, and to
 * no I2C bus or GPIO line that the machine itself may have. Does nothing the second time.
 */
export function setStage(): void {
  if (isSet) return;
  assertPrivate();
  for (const folder of [CLASS, BUS]) mount("-t", "tmpfs", "stage", folder);
  for (const folder of [BOARD, MACHINE, DEVICES]) mkdirSync(folder, { recursive: true });
  mount("--rbind", "/dev", MACHINE);
  for (const name of readdirSync(MACHINE)) {
    if (!OURS.test(name)) symlinkSync(join(MACHINE, name), join(DEVICES, name));
  }
  symlinkSync(join(BOARD, "i2c-1"), join(DEVICES, "i2c-1"));
  symlinkSync(join(BOARD, "gpio"), join(CLASS, "gpio"));
  symlinkSync(join(BOARD, "bus-i2c"), join(BUS, "i2c"));
  mount("--bind", DEVICES, "/dev");
  isSet = true;
}

/** Before anything is mounted over what the machine needs. */
function assertPrivate(): void {
  const outside = process.env.KERNEL_RIG_OUTSIDE;
  if (outside && readlinkSync("/proc/self/ns/mnt") !== outside) return;
  throw new Error(
    "this test mounts over /dev: run it as npm run test:kernel -- fuse, in a namespace of its own",
  );
}

function mount(...words: string[]): void {
  execFileSync("mount", words);
}
