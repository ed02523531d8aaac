import { refusal } from "../errno.ts";

export type Node = Directory | FileNode | Link;

export interface Directory {
  kind: "directory";
  id: number;
  mode: number;
  entries: Map<string, Node>;
}

export interface FileNode {
  kind: "file";
  id: number;
  mode: number;
  /** Throws if it may not be opened now: the answer to access(2) too. */
  permit(): void;
  open(): OpenFile;
}

/** A symbolic link. */
export interface Link {
  kind: "link";
  id: number;
  mode: number;
  target: string;
}

/** A file that somebody has open. What it throws with a `code` is the errno that they get. */
export interface OpenFile {
  read(size: number, offset: number): Uint8Array | Promise<Uint8Array>;
  write(data: Uint8Array): void | Promise<void>;
  ioctl?(command: number, argument: number): void;
  poll?: Poll;
}

/** As poll(2) sees it: POLLPRI and POLLERR as long as `changed`. */
export interface Poll {
  changed(): boolean;
  /** Calls `wake` at each change, until the function that it returns is called. */
  onChange(wake: () => void): () => void;
}

let lastId = 1;
const nextId = () => {
  lastId += 1;
  return lastId;
};

/** FUSE_ROOT_ID. */
export function rootDirectory(entries: Record<string, Node>): Directory {
  return { ...directory(entries), id: 1 };
}

export function directory(entries: Record<string, Node>): Directory {
  return { kind: "directory", id: nextId(), mode: 0o755, entries: new Map(Object.entries(entries)) };
}

export function file(mode: number, open: () => OpenFile, permit: () => void = () => undefined): FileNode {
  return { kind: "file", id: nextId(), mode, permit, open };
}

export function link(target: string): Link {
  return { kind: "link", id: nextId(), mode: 0o777, target };
}

/** What stands behind an attribute of sysfs: text with a newline that is added here, and taken off what is written. */
export interface Attribute {
  show?: () => string | number;
  store?: (text: string) => void;
  /** Called at each open. */
  poll?: () => Poll & { seen(): void };
  /** Whether it is still there: who has it open gets ENODEV once it is not. */
  exists?: () => boolean;
  permit?: () => void;
}

export function attribute(attribute: Attribute): FileNode {
  const { show, store, exists = () => true } = attribute;
  const mode = (show ? 0o444 : 0) | (store ? 0o200 : 0);
  const check = () => {
    if (!exists()) throw refusal("ENODEV");
  };
  const open = (): OpenFile => {
    const poll = attribute.poll?.();
    return {
      read(size, offset) {
        check();
        if (!show) throw refusal("EIO");
        poll?.seen();
        return Buffer.from(`${show()}\n`).subarray(offset, offset + size);
      },
      write(data) {
        check();
        if (!store) throw refusal("EIO");
        store(Buffer.from(data).toString().replace(/\n$/, ""));
      },
      ...(poll && { poll }),
    };
  };
  return file(mode, open, attribute.permit);
}

/** The node with that id below `top`, or `top` itself. */
export function findNode(top: Node, id: number): Node | undefined {
  if (top.id === id) return top;
  if (top.kind !== "directory") return undefined;
  for (const entry of top.entries.values()) {
    const found = findNode(entry, id);
    if (found) return found;
  }
  return undefined;
}
