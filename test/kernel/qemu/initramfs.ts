/** A file of the initramfs, by its path without the leading "/". */
export interface Entry {
  path: string;
  content: string | Buffer;
  executable?: boolean;
}

const FOLDER = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;

/**
 * An initramfs of these files and the folders they lie in, as an archive in cpio's "newc" format
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
export function createInitramfs(entries: readonly Entry[]): Buffer {
  const folders = new Set(entries.flatMap(({ path }) => parentsOf(path)));
  const parts = [
    ...[...folders].sort().map((path) => record(path, FOLDER, Buffer.alloc(0))),
    ...entries.map(({ path, content, executable }) =>
      record(path, executable ? PROGRAM : FILE, Buffer.from(content)),
    ),
    record("TRAILER!!!", 0, Buffer.alloc(0)),
  ];
  return Buffer.concat(parts);
}

function parentsOf(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}

function record(path: string, mode: number, content: Buffer): Buffer {
  const name = Buffer.from(`${path}\0`);
  // The inode tells hard links of each other; there are none.
  const [inode, owner, group, links, time, device] = [0, 0, 0, 1, 0, 0];
  const fields = [inode, mode, owner, group, links, time, content.length];
  const header = [...fields, device, device, device, device, name.length, 0].map(hex).join("");
  return Buffer.concat([padded(Buffer.concat([Buffer.from(`070701${header}`), name])), padded(content)]);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/** Header with name, and content, each end at a multiple of 4 bytes. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
