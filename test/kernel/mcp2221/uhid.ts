import { closeSync, openSync, read, write, writeSync } from "node:fs";
import { promisify } from "node:util";

/** A HID device whose hardware is this process (linux/uhid.h, Documentation/hid/uhid.rst). */
export interface UhidDevice {
  /** Hands a report to the kernel, as if the device had sent it. */
  send(report: Uint8Array): void;
  /** Pulls the plug. Resolves when the kernel has let go of everything: it waits for whoever has its devices open. */
  destroy(): Promise<void>;
}

export interface UhidOptions {
  name: string;
  vendor: number;
  product: number;
  reportDescriptor: Uint8Array;
  /** A report from the kernel to the device. */
  onReport: (report: Uint8Array) => void;
}

/** Types of events, the first four bytes of each. */
const EVENT = {
  destroy: 1,
  stop: 3,
  output: 6,
  getReport: 9,
  getReportReply: 10,
  create2: 11,
  input2: 12,
  setReport: 13,
  setReportReply: 14,
};
/** Sizes of the fields of an event, in bytes. */
const TYPE = 4;
const [NAME, PHYSICAL, UNIQUE, DATA] = [128, 64, 64, 4096];
const EVENT_SIZE = TYPE + NAME + PHYSICAL + UNIQUE + 20 + DATA;
const BUS_USB = 3;
const EIO = 5;

/** Plugs the device in: the kernel's driver for its vendor and product binds to it. Needs root and the module uhid. */
export function createUhidDevice(options: UhidOptions): UhidDevice {
  const file = openSync("/dev/uhid", "r+");
  writeSync(file, createEvent(options));
  const closed = follow();
  // Whoever destroys it hears of a failure; until then it must not end the process unheard.
  closed.catch((error: unknown) => process.emitWarning(String(error)));

  async function follow(): Promise<void> {
    for (;;) {
      const event = Buffer.alloc(EVENT_SIZE);
      const size = await readEvent(file, event);
      const type = event.readUInt32LE(0);
      if (type === EVENT.stop) break;
      handle(type, event.subarray(TYPE, size));
    }
    closeSync(file);
  }

  function handle(type: number, body: Buffer): void {
    if (type === EVENT.output) options.onReport(body.subarray(0, body.readUInt16LE(DATA)));
    // A MCP2221 has input and output reports only; the kernel must not wait for others.
    else if (type === EVENT.getReport) refuse(EVENT.getReportReply, body, 4);
    else if (type === EVENT.setReport) refuse(EVENT.setReportReply, body, 2);
  }

  function refuse(type: number, request: Buffer, tail: number): void {
    const answer = Buffer.alloc(TYPE + 4 + tail);
    answer.writeUInt32LE(type, 0);
    request.copy(answer, TYPE, 0, 4);
    answer.writeUInt16LE(EIO, TYPE + 4);
    writeSync(file, answer);
  }

  return {
    send(report) {
      const event = Buffer.alloc(TYPE + 2 + report.length);
      event.writeUInt32LE(EVENT.input2, 0);
      event.writeUInt16LE(report.length, TYPE);
      event.set(report, TYPE + 2);
      writeSync(file, event);
    },
    async destroy() {
      const event = Buffer.alloc(TYPE);
      event.writeUInt32LE(EVENT.destroy, 0);
      // Not in step: the kernel comes back only when nobody has the device open any more.
      await writeEvent(file, event);
      await closed;
    },
  };
}

const readBytes = promisify(read);
const writeBytes = promisify(write);

async function readEvent(file: number, event: Buffer): Promise<number> {
  return (await readBytes(file, event, 0, event.length, null)).bytesRead;
}

async function writeEvent(file: number, event: Buffer): Promise<void> {
  await writeBytes(file, event, 0, event.length, null);
}

function createEvent({ name, vendor, product, reportDescriptor }: UhidOptions): Buffer {
  const event = Buffer.alloc(EVENT_SIZE);
  event.writeUInt32LE(EVENT.create2, 0);
  event.write(name, TYPE, NAME - 1);
  let at = TYPE + NAME + PHYSICAL + UNIQUE;
  at = event.writeUInt16LE(reportDescriptor.length, at);
  at = event.writeUInt16LE(BUS_USB, at);
  at = event.writeUInt32LE(vendor, at);
  at = event.writeUInt32LE(product, at);
  const [version, country] = [0x100, 0];
  at = event.writeUInt32LE(version, at);
  at = event.writeUInt32LE(country, at);
  event.set(reportDescriptor, at);
  return event;
}
