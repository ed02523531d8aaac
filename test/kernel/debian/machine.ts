import { programFile } from "../qemu/command.ts";
import { writeInitramfs } from "../qemu/guest.ts";
import { unpackNewest, type WantedPackage } from "../qemu/packages.ts";
import type { Machine } from "../qemu/qemu.ts";
import { COMMON_TOOLS, installTools, type Tool, whyNoTools } from "../qemu/tools.ts";
import { unpackedKernel } from "../qemu/vmlinux.ts";
import { unpackLibgpiod2 } from "./libgpiod2.ts";

/** A kernel as Debian builds it, and the modules that a guest with it needs. */
export interface GuestKernel {
  wanted: WantedPackage;
  modules: readonly string[];
}

/** The host's files and network. */
const HOST = ["9p", "9pnet_virtio", "virtio_net"];

export const KERNELS = {
  /** Debian 13's. A MCP2221 of our own making, I2C for programs, and the kernel's driver for the sensor. */
  stable: {
    // Its flavours (cloud, rt) have one more part in their names.
    wanted: { name: /^linux-image-6\.12\.[^-]+-amd64$/, suite: "trixie-security", architecture: "amd64" },
    modules: [...HOST, "uhid", "hid-mcp2221", "i2c-dev", "sht3x"],
  },
  /** The newest that Debian 13 can have, and the only one with gpio-sim: a chip whose lines have interrupts. */
  backports: {
    wanted: { name: /^linux-image-[7-9]\.[^-]+-amd64$/, suite: "trixie-backports", architecture: "amd64" },
    modules: [...HOST, "gpio-sim"],
  },
} as const satisfies Record<string, GuestKernel>;

const TOOLS: readonly Tool[] = [
  ...COMMON_TOOLS,
  { program: "qemu-system-x86_64", debianPackage: "qemu-system-x86" },
  { program: "busybox", debianPackage: "busybox-static" },
  { program: "gpioset", debianPackage: "gpiod" },
];
/**
 * One processor: two that are emulated spin while one waits for the other, and need twice the time for the same work when
 * the host has little to spare.
 */
const WORDS = [
  ["-m", "1024", "-smp", "1", "-nodefaults"],
  ["-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"],
  ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="],
].flat();

/** What keeps this machine from running the rig; undefined if nothing does, be it after an installation. */
export function whyNot(): { reason: string; isImpossible?: boolean } | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { reason: "the guest runs the host's own Node: Linux on x86-64", isImpossible: true };
  }
  const reason = whyNoTools(TOOLS);
  return reason === undefined ? undefined : { reason };
}

/** What has to be there before a guest can be made: programs and packages. Resolves to the kernels' packages. */
export async function prepare(say: (line: string) => void): Promise<string[]> {
  await installTools(TOOLS, say);
  await unpackLibgpiod2(say);
  const labels: string[] = [];
  for (const { wanted } of Object.values(KERNELS)) labels.push((await unpackNewest(wanted, say)).label);
  return labels;
}

/**
 * A PC whose kernel is Debian's and whose files and network are the host's.
 * @param command shell script, run as root where the host's files are
 * @param folder for its initramfs
 */
export async function createMachine(
  { wanted, modules }: GuestKernel,
  command: string,
  folder: string,
): Promise<Machine> {
  const { folder: kernelFolder } = await unpackNewest(wanted, () => undefined);
  const busybox = programFile("busybox");
  if (!busybox) throw new Error("busybox is missing: npm run test:kernel installs what the rig needs");
  const parts = { kernelFolder, modules, busybox, enter: "enter-host.sh", command };
  const initramfs = await writeInitramfs(parts, folder);
  const kernel = await unpackedKernel(kernelFolder);
  return { program: "qemu-system-x86_64", words: WORDS, console: "ttyS0", kernel, initramfs };
}
