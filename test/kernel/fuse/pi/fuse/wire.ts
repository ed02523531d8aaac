/**
 * The requests of the FUSE protocol, version 7.31, as the kernel writes them to /dev/fuse: names, numbers and offsets
 * are those of the structs in Linux include/uapi/linux/fuse.h. Integers are in the order of the machine, which is
 * little-endian on all that this runs on (x86-64, arm64).
 */
export const PROTOCOL = { major: 7, minor: 31 } as const;

/** enum fuse_opcode, those that a tree of devices and attributes meets. */
export const OPCODE = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  ACCESS: 34,
  INTERRUPT: 36,
  DESTROY: 38,
  IOCTL: 39,
  POLL: 40,
  BATCH_FORGET: 42,
} as const;

/** Bytes that a request has to fit in: FUSE_MIN_READ_BUFFER. */
export const READ_BUFFER = 8192;
/** Bytes of a write: with its headers it fits in the buffer. */
export const MAX_WRITE = 4096;

/** struct fuse_in_header, and what follows it. */
export interface Request {
  opcode: number;
  /** To be repeated in the answer. */
  unique: bigint;
  /** The node that is asked; FUSE_ROOT_ID is 1. */
  node: number;
  body: Buffer;
}

const IN_HEADER = { opcode: 4, unique: 8, nodeid: 16, size: 40 } as const;

export function parseRequest(message: Buffer): Request {
  return {
    opcode: message.readUInt32LE(IN_HEADER.opcode),
    unique: message.readBigUInt64LE(IN_HEADER.unique),
    node: number64(message, IN_HEADER.nodeid),
    body: message.subarray(IN_HEADER.size),
  };
}

/** struct fuse_init_in. */
export const initIn = (body: Buffer) => ({ major: body.readUInt32LE(0), minor: body.readUInt32LE(4) });

/** LOOKUP: the name, ended by a zero. */
export const lookupIn = (body: Buffer) => ({ name: body.toString("utf8", 0, body.indexOf(0)) });

/** struct fuse_release_in, fuse_flush_in: they begin alike. */
export const handleIn = (body: Buffer) => ({ handle: number64(body, 0) });

/** struct fuse_read_in. */
export const readIn = (body: Buffer) => ({
  handle: number64(body, 0),
  offset: number64(body, 8),
  size: body.readUInt32LE(16),
});

/** struct fuse_write_in, and the bytes after it. */
export function writeIn(body: Buffer) {
  const size = body.readUInt32LE(16);
  return { handle: number64(body, 0), data: body.subarray(40, 40 + size) };
}

/** struct fuse_ioctl_in. */
export const ioctlIn = (body: Buffer) => ({
  handle: number64(body, 0),
  command: body.readUInt32LE(12),
  argument: number64(body, 16),
});

const POLL_SCHEDULE_NOTIFY = 1;

/** struct fuse_poll_in. */
export const pollIn = (body: Buffer) => ({
  handle: number64(body, 0),
  /** What the kernel knows this open file by when it is woken. */
  wakeHandle: body.readBigUInt64LE(8),
  wantsWaking: (body.readUInt32LE(16) & POLL_SCHEDULE_NOTIFY) !== 0,
});

/** Ids and offsets of ours are small: no precision is lost. */
function number64(buffer: Buffer, offset: number): number {
  return Number(buffer.readBigUInt64LE(offset));
}
