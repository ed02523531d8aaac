import { existsSync } from "node:fs";
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { type AgentError, fileReason } from "../errors.ts";
import { deviceFiles } from "../lib/device-files.ts";
import type { Obstacles } from "./choose.ts";
import { asFanFailure, fanFailure, GROUP_REMEDY } from "./failure.ts";
import type { Gpiod } from "./gpiod.ts";

/** Where this machine shows its GPIO. */
export interface GpioPlaces {
  /** /sys/class/gpio */
  sysfs: string;
  /** /dev */
  devices: string;
}

export const LINUX_GPIO: GpioPlaces = { sysfs: "/sys/class/gpio", devices: "/dev" };

const KERNEL_REMEDY = "run the agent on a machine with GPIO, with a kernel that has its driver";

const TOOLS_REMEDY = 'run apt install gpiod, and leave fan.driver at "auto"';

/** Looks which of the kernel's interfaces this process can use. Never rejects. */
export async function lookForObstacles(
  places: GpioPlaces,
  gpiod: Pick<Gpiod, "version">,
  loadOnoff: () => Promise<unknown>,
): Promise<Obstacles> {
  const [sysfs, chardev] = await Promise.all([
    obstacleOf(async () => {
      await checkSysfs(places.sysfs);
      await loadOnoff();
    }),
    obstacleOf(async () => {
      await checkDevices(places.devices);
      await gpiod.version();
    }),
  ]);
  return { sysfs, chardev };
}

function obstacleOf(look: () => Promise<void>): Promise<AgentError | undefined> {
  return look().then(() => undefined, asFanFailure);
}

async function checkSysfs(folder: string): Promise<void> {
  const file = join(folder, "export");
  await access(file, constants.W_OK).catch((error: unknown) => {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (isAbsent && existsSync(folder)) {
      throw fanFailure(`${file} is missing: this kernel has no GPIO_SYSFS_LEGACY`, TOOLS_REMEDY, error);
    }
    if (isAbsent) throw fanFailure(`there is no ${folder}`, KERNEL_REMEDY, error);
    throw fanFailure(`this user may not write ${file} (${fileReason(error)})`, GROUP_REMEDY, error);
  });
}

async function checkDevices(folder: string): Promise<void> {
  const chips = await deviceFiles(folder, /^gpiochip\d+$/);
  if (chips.length === 0) throw fanFailure(`there is no ${join(folder, "gpiochip*")}`, KERNEL_REMEDY);
  if (chips.some(({ isUsable }) => isUsable)) return;
  throw fanFailure(`this user may not use ${chips.map(({ file }) => file).join(", ")}`, GROUP_REMEDY);
}
