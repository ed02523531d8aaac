import type { Node } from "./tree.ts";
import { MAX_WRITE, PROTOCOL } from "./wire.ts";

/** The answers of the FUSE protocol: structs of Linux include/uapi/linux/fuse.h, like wire.ts. */

/** The type bits of st_mode (inode(7)). A directory entry has them too, without the twelve bits below them. */
const TYPE = { directory: 0o040_000, file: 0o100_000, link: 0o120_000 } as const;
const DIRENT_SHIFT = 12;
/** As sysfs says of every attribute; what is read is what there is, since nothing is cached. */
const ATTRIBUTE_SIZE = 4096;
/** No page cache between a reader and us. */
const FOPEN_DIRECT_IO = 1;
const NOTIFY_POLL = 1;
/** What poll says of a regular file, and of an attribute of sysfs: kernfs_generic_poll in Linux fs/kernfs/file.c. */
const POLL = { in: 0x1, pri: 0x2, out: 0x4, err: 0x8, rdnorm: 0x40, wrnorm: 0x100 } as const;
const POLL_DEFAULT = POLL.in | POLL.out | POLL.rdnorm | POLL.wrnorm;

/** struct fuse_out_header and a body; `errno` is positive. */
export function answer(unique: bigint, errno: number, body: Uint8Array = new Uint8Array()): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(header.length + body.length, 0);
  header.writeInt32LE(-errno, 4);
  header.writeBigUInt64LE(unique, 8);
  return Buffer.concat([header, body]);
}

/** A message that answers nothing: it wakes all who poll the file (struct fuse_notify_poll_wakeup_out). */
export function wakePoll(wakeHandle: bigint): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(wakeHandle);
  const message = answer(0n, 0, body);
  message.writeInt32LE(NOTIFY_POLL, 4);
  return message;
}

/** struct fuse_init_out. */
export function initOut(kernelMinor: number): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(PROTOCOL.major, 0);
  out.writeUInt32LE(Math.min(PROTOCOL.minor, kernelMinor), 4);
  out.writeUInt32LE(MAX_WRITE, 20);
  return out;
}

/** struct fuse_attr. */
function attr(node: Node): Buffer {
  const out = Buffer.alloc(88);
  out.writeBigUInt64LE(BigInt(node.id), 0);
  out.writeBigUInt64LE(BigInt(node.kind === "directory" ? 0 : ATTRIBUTE_SIZE), 8);
  out.writeUInt32LE(TYPE[node.kind] | node.mode, 60);
  out.writeUInt32LE(1, 64);
  out.writeUInt32LE(ATTRIBUTE_SIZE, 80);
  return out;
}

/** struct fuse_entry_out: valid for no time, so that every look comes to us. */
export function entryOut(node: Node): Buffer {
  const head = Buffer.alloc(40);
  head.writeBigUInt64LE(BigInt(node.id), 0);
  return Buffer.concat([head, attr(node)]);
}

/** struct fuse_attr_out. */
export const attrOut = (node: Node) => Buffer.concat([Buffer.alloc(16), attr(node)]);

/** struct fuse_open_out. */
export function openOut(handle: number): Buffer {
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(BigInt(handle), 0);
  out.writeUInt32LE(FOPEN_DIRECT_IO, 8);
  return out;
}

/** A row of struct fuse_dirent, each padded to 8 bytes; those that fit, from entry `first` on. */
export function readdirOut(entries: [string, Node][], first: number, size: number): Buffer {
  const rows: Buffer[] = [];
  let room = size;
  for (const [index, [name, node]] of entries.entries()) {
    if (index < first) continue;
    const bytes = Buffer.from(name);
    const row = Buffer.alloc(Math.ceil((24 + bytes.length) / 8) * 8);
    if (row.length > room) break;
    room -= row.length;
    row.writeBigUInt64LE(BigInt(node.id), 0);
    row.writeBigUInt64LE(BigInt(index + 1), 8);
    row.writeUInt32LE(bytes.length, 16);
    row.writeUInt32LE(TYPE[node.kind] >> DIRENT_SHIFT, 20);
    bytes.copy(row, 24);
    rows.push(row);
  }
  return Buffer.concat(rows);
}

/** struct fuse_write_out. */
export function writeOut(size: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(size, 0);
  return out;
}

/** struct fuse_ioctl_out: result 0, and no buffers to be fetched. */
export const ioctlOut = () => Buffer.alloc(16);

/** struct fuse_poll_out. */
export function pollOut(changed: boolean): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(POLL_DEFAULT | (changed ? POLL.err | POLL.pri : 0), 0);
  return out;
}

/** struct fuse_statfs_out: a file system without blocks. */
export const statfsOut = () => Buffer.alloc(80);
