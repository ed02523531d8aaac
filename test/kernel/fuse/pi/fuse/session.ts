import { errnoOf, refusal } from "../errno.ts";
import type { FuseDevice } from "./device.ts";
import * as replies from "./replies.ts";
import { type Directory, findNode, type Node, type OpenFile } from "./tree.ts";
import * as wire from "./wire.ts";

const { OPCODE } = wire;
const EMPTY = Buffer.alloc(0);

interface Held {
  file: OpenFile;
  /** Ends the wakings of those who poll it. */
  unsubscribe?: () => void;
}

type Handler = (request: wire.Request) => Buffer | Promise<Buffer>;

/**
 * Answers what the kernel asks of the file system that is mounted on `device`, until it is unmounted. A request that
 * takes its time keeps no other waiting.
 */
export async function serve(
  device: FuseDevice,
  root: Directory,
  complain: (error: unknown) => void,
): Promise<void> {
  const handlers = createHandlers(device, root);
  for (;;) {
    const message = await device.next();
    if (!message) return;
    const request = wire.parseRequest(message);
    if (UNANSWERED.has(request.opcode)) continue;
    const handler = handlers.get(request.opcode);
    const work = async () => {
      if (!handler) throw refusal("ENOSYS");
      return handler(request);
    };
    work().then(
      (body) => device.send(replies.answer(request.unique, 0, body)),
      (error: NodeJS.ErrnoException) => {
        if (error.errno === undefined) complain(error);
        device.send(replies.answer(request.unique, error.errno ?? errnoOf("EIO")));
      },
    );
  }
}

/**
 * FORGET and BATCH_FORGET have no answer. An INTERRUPT is overheard: the I2C drivers of the kernel do not let a signal
 * into a transfer either (wait_for_completion_timeout).
 */
const UNANSWERED: ReadonlySet<number> = new Set([OPCODE.FORGET, OPCODE.BATCH_FORGET, OPCODE.INTERRUPT]);

function createHandlers(device: FuseDevice, root: Directory): Map<number, Handler> {
  const handles = new Map<number, Held>();
  let lastHandle = 0;

  function node({ node: id }: wire.Request): Node {
    const found = findNode(root, id);
    if (!found) throw refusal("ENOENT");
    return found;
  }
  function directory(request: wire.Request): Directory {
    const found = node(request);
    if (found.kind !== "directory") throw refusal("ENOTDIR");
    return found;
  }
  function held(handle: number): Held {
    const found = handles.get(handle);
    if (!found) throw refusal("EBADF");
    return found;
  }
  const nothing = () => EMPTY;

  return new Map<number, Handler>([
    [OPCODE.INIT, ({ body }) => replies.initOut(wire.initIn(body).minor)],
    [OPCODE.DESTROY, nothing],
    [OPCODE.STATFS, replies.statfsOut],
    [
      OPCODE.LOOKUP,
      (request) => {
        const found = directory(request).entries.get(wire.lookupIn(request.body).name);
        if (!found) throw refusal("ENOENT");
        return replies.entryOut(found);
      },
    ],
    [OPCODE.GETATTR, (request) => replies.attrOut(node(request))],
    // Truncated to nothing by whoever opens it to write: an attribute has no contents to lose.
    [OPCODE.SETATTR, (request) => replies.attrOut(node(request))],
    [
      OPCODE.READLINK,
      (request) => {
        const found = node(request);
        if (found.kind !== "link") throw refusal("EINVAL");
        return Buffer.from(found.target);
      },
    ],
    [
      OPCODE.ACCESS,
      (request) => {
        const found = node(request);
        if (found.kind === "file") found.permit();
        return EMPTY;
      },
    ],
    [OPCODE.OPENDIR, () => replies.openOut(0)],
    [
      OPCODE.READDIR,
      (request) => {
        const { offset, size } = wire.readIn(request.body);
        return replies.readdirOut([...directory(request).entries], offset, size);
      },
    ],
    [OPCODE.RELEASEDIR, nothing],
    [
      OPCODE.OPEN,
      (request) => {
        const found = node(request);
        if (found.kind !== "file") throw refusal("EISDIR");
        found.permit();
        lastHandle += 1;
        handles.set(lastHandle, { file: found.open() });
        return replies.openOut(lastHandle);
      },
    ],
    [OPCODE.FLUSH, nothing],
    [OPCODE.FSYNC, nothing],
    [
      OPCODE.RELEASE,
      ({ body }) => {
        const { handle } = wire.handleIn(body);
        held(handle).unsubscribe?.();
        handles.delete(handle);
        return EMPTY;
      },
    ],
    [
      OPCODE.READ,
      async ({ body }) => {
        const { handle, size, offset } = wire.readIn(body);
        return Buffer.from(await held(handle).file.read(size, offset));
      },
    ],
    [
      OPCODE.WRITE,
      async ({ body }) => {
        const { handle, data } = wire.writeIn(body);
        await held(handle).file.write(data);
        return replies.writeOut(data.length);
      },
    ],
    [
      OPCODE.IOCTL,
      ({ body }) => {
        const { handle, command, argument } = wire.ioctlIn(body);
        const { ioctl } = held(handle).file;
        if (!ioctl) throw refusal("ENOTTY");
        ioctl(command, argument);
        return replies.ioctlOut();
      },
    ],
    [
      OPCODE.POLL,
      ({ body }) => {
        const { handle, wakeHandle, wantsWaking } = wire.pollIn(body);
        const open = held(handle);
        const { poll } = open.file;
        if (poll && wantsWaking)
          open.unsubscribe ??= poll.onChange(() => device.send(replies.wakePoll(wakeHandle)));
        return replies.pollOut(poll?.changed() ?? false);
      },
    ],
  ]);
}
