import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../support/rig.ts";
import { writeInitramfs } from "../qemu/guest.ts";
import type { Entry } from "../qemu/initramfs.ts";
import { unpackNewest, type WantedPackage } from "../qemu/packages.ts";
import type { Machine } from "../qemu/qemu.ts";
import { COMMON_TOOLS, installTools, type Tool, whyNoTools } from "../qemu/tools.ts";
import { kernelImage } from "../qemu/vmlinux.ts";
import { crossBuiltAddOns } from "./add-ons.ts";
import { agentFiles } from "./agent-files.ts";
import { arm64Node } from "./node.ts";
import { userland } from "./userland.ts";

/** Where the agent lies in the guest. */
export const INSTALLED = "opt/cave-agent";

/** The kernel of Debian 13, as Debian builds it; its flavours (16k, cloud, rt) have one more part in their names. */
const KERNEL: WantedPackage = {
  name: /^linux-image-6\.12\.[^-]+-arm64$/,
  suite: "trixie-security",
  architecture: "arm64",
};
const TOOLS: readonly Tool[] = [
  ...COMMON_TOOLS,
  { program: "qemu-system-aarch64", debianPackage: "qemu-system-arm" },
  { program: "aarch64-linux-gnu-g++", debianPackage: "g++-aarch64-linux-gnu" },
  { program: "make", debianPackage: "make" },
  { program: "python3", debianPackage: "python3" },
];
/**
 * Network over USB; a MCP2221 of our own making; I2C for programs; the kernel's own driver of the sensor; random numbers,
 * which a processor at rest lacks.
 */
const MODULES = [
  "dwc2",
  "phy-generic",
  "cdc_ether",
  "uhid",
  "hid-mcp2221",
  "i2c-dev",
  "sht3x",
  "bcm2835-rng",
];
/** Its first serial port would be Bluetooth's. */
const WORDS = [
  ["-M", "raspi3b", "-serial", "null"],
  ["-netdev", "user,id=net", "-device", "usb-net,netdev=net"],
].flat();
const DEVICE_TREE = "broadcom/bcm2837-rpi-3-b.dtb";

/** What keeps this machine from running the rig; undefined if nothing does, be it after an installation. */
export function whyNot(): { reason: string; isImpossible?: boolean } | undefined {
  if (process.platform !== "linux")
    return { reason: "the guest is made of Debian's packages", isImpossible: true };
  const reason = whyNoTools(TOOLS);
  return reason === undefined ? undefined : { reason };
}

type Say = (line: string) => void;

/** What has to be there before a guest can be made: programs, packages and add-ons. Rejects with Unavailable. */
export async function prepare(say: Say): Promise<string> {
  await installTools(TOOLS, say);
  const { label } = await unpackNewest(KERNEL, say);
  await userland(say);
  await crossBuiltAddOns(await arm64Node(say), say);
  return label;
}

export interface RaspiOptions {
  /** What makes this guest different: files besides system, Node and agent. */
  files: readonly Entry[];
  /** More words for QEMU. */
  words: readonly string[];
  /** For its initramfs. */
  folder: string;
}

/** A Raspberry Pi 3 with Debian's kernel, the agent and its add-ons, whose console is told what to do. */
export async function createRaspi({ files, words, folder }: RaspiOptions): Promise<Machine> {
  const quiet: Say = () => undefined;
  const { folder: kernelFolder, label } = await unpackNewest(KERNEL, quiet);
  const system = await userland(quiet);
  const node = await arm64Node(quiet);
  const installed = [...(await agentFiles()), ...(await crossBuiltAddOns(node, quiet))];
  const initramfs = await writeInitramfs(
    {
      kernelFolder,
      modules: MODULES,
      busybox: system.busybox,
      enter: "../raspi/enter-pi.sh",
      command: await readFile(join(ROOT, "test/kernel/raspi/shell.sh"), "utf8"),
      files: [
        ...system.files,
        { path: "usr/bin/node", content: await readFile(join(node, "bin", "node")), executable: true },
        ...installed.map((entry) => ({ ...entry, path: join(INSTALLED, entry.path) })),
        { path: "etc/hosts", content: "10.0.2.2 localhost\n" },
        { path: "etc/nsswitch.conf", content: "hosts: files\n" },
        { path: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\n" },
        ...files,
      ],
    },
    folder,
  );
  const trees = join(kernelFolder, "usr/lib", label.split("_")[0] ?? "");
  return {
    program: "qemu-system-aarch64",
    words: [...WORDS, "-dtb", join(trees, DEVICE_TREE), ...words],
    console: "ttyS1,115200",
    kernel: await kernelImage(kernelFolder),
    initramfs,
  };
}
