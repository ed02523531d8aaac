import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { outputBytes } from "./command.ts";

/** Offsets in the header of a bzImage (Linux x86 boot protocol 2.08, Documentation/arch/x86/boot.rst). */
const HEADER = { setupSectors: 0x1f1, payloadOffset: 0x248, payloadLength: 0x24c };
const SECTOR = 512;

/** How the payload may be packed: by its first bytes, and what unpacks it. The build appends the length, 4 bytes. */
const PACKERS = [
  { magic: "28b52ffd", program: "zstd" },
  { magic: "fd377a58", program: "xz" },
];

/** The kernel of an unpacked package, as its boot loader would take it: in /boot, or since 6.16 beside its modules. */
export async function kernelImage(folder: string): Promise<string> {
  for (const place of ["boot", "usr/lib/modules"]) {
    const entries = await readdir(join(folder, place), { recursive: true }).catch(() => []);
    const name = entries.find((entry) => basename(entry).startsWith("vmlinuz"));
    if (name !== undefined) return join(folder, place, name);
  }
  throw new Error(`${folder} has no kernel`);
}

/**
 * The kernel as an ELF file, made once and kept beside the packed one: QEMU starts it by PVH, which spares an
 * emulated processor the unpacking, some seconds.
 */
export async function unpackedKernel(folder: string): Promise<string> {
  const file = join(folder, "vmlinux");
  if ((await readdir(folder)).includes("vmlinux")) return file;
  const image = await readFile(await kernelImage(folder));
  const fresh = `${file}.${process.pid}`;
  try {
    const start = ((image[HEADER.setupSectors] || 4) + 1) * SECTOR + image.readUInt32LE(HEADER.payloadOffset);
    const payload = image.subarray(start, start + image.readUInt32LE(HEADER.payloadLength) - 4);
    const packer = PACKERS.find(({ magic }) => payload.subarray(0, 4).toString("hex") === magic);
    if (!packer) throw new Error(`a kernel is packed in an unknown way: ${payload.toString("hex", 0, 4)}`);
    await writeFile(`${fresh}.packed`, payload);
    await writeFile(fresh, await outputBytes(packer.program, ["-dcq", `${fresh}.packed`]));
    await rename(fresh, file);
    return file;
  } finally {
    await rm(`${fresh}.packed`, { force: true });
  }
}
