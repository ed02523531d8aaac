/**
 * A Microchip MCP2221, USB to I2C and GPIO, as its HID reports show it (datasheet DS20005565, section 3.1): as much as
 * the kernel's hid-mcp2221 asks for. It knows neither USB nor uhid: whoever carries the reports asks `answer`.
 */
export interface Mcp2221 {
  /** The answer to a report from the host, both of 64 bytes. */
  answer(report: Uint8Array): Uint8Array;
  readonly pins: readonly Readonly<Pin>[];
  /** Drives an input from outside. */
  drive(pin: number, level: Level): void;
  readonly faults: BusFaults;
  /** All that were spoken to, in this order. */
  readonly addresses: ReadonlySet<number>;
}

/** A chip on the bus. */
export interface Slave {
  /** False: not acknowledged. */
  write(bytes: Uint8Array): boolean;
  /** Undefined: not acknowledged. */
  read(length: number): Uint8Array | undefined;
}

export type Level = 0 | 1;

export interface Pin {
  direction: "in" | "out";
  /** What it drives as an output. */
  output: Level;
  /** What it sees as an input. */
  input: Level;
}

export interface BusFaults {
  /** Somebody holds SCL low: no transfer begins, and the engine gives up waiting for it. */
  heldLow: boolean;
}

export interface Mcp2221Options {
  /** The chip at an address, 7 bits. */
  slaveAt: (address: number) => Slave | undefined;
  onPin: (pin: number, state: Readonly<Pin>) => void;
}

const REPORT = 64;
const PINS = 4;
/** Most bytes of I2C data in one report. */
const CHUNK = 60;
/** States of the I2C engine. */
const ENGINE = { idle: 0x00, startTimeout: 0x12, addressRefused: 0x25, partlyRead: 0x54, read: 0x55 };
/** In byte 20 of the status: the address was not acknowledged. */
const REFUSED = 0x40;
const NO_DATA = 127;

export function createMcp2221({ slaveAt, onPin }: Mcp2221Options): Mcp2221 {
  const faults: BusFaults = { heldLow: false };
  const pins: Pin[] = Array.from({ length: PINS }, () => ({ direction: "in", output: 0, input: 0 }));
  const addresses = new Set<number>();
  let engine = ENGINE.idle;
  let received = Buffer.alloc(0);

  /** Commands by their code, the first byte of a report; each fills in the answer. */
  const commands = new Map<number, (report: Buffer, answer: Buffer) => void>([
    [0x10, status],
    [0x90, write],
    [0x92, write],
    [0x94, write],
    [0x91, read],
    [0x93, read],
    [0x40, takeData],
    [0x50, setPins],
    [0x51, getPins],
    [0x61, getSettings],
  ]);

  function status(report: Buffer, answer: Buffer): void {
    const [cancel, setSpeed] = [0x10, 0x20];
    if (report[2] === cancel) {
      engine = ENGINE.idle;
      answer[2] = cancel;
    }
    if (report[3] === setSpeed) report.copy(answer, 3, 3, 5);
    // A refused address is told by a flag of its own, the engine itself is idle again.
    answer[8] = engine === ENGINE.addressRefused ? ENGINE.idle : engine;
    answer[20] = engine === ENGINE.addressRefused ? REFUSED : 0;
  }

  function write(report: Buffer): void {
    const { length, slave } = transferOf(report);
    if (faults.heldLow) engine = ENGINE.startTimeout;
    else engine = slave?.write(report.subarray(4, 4 + length)) ? ENGINE.idle : ENGINE.addressRefused;
  }

  function read(report: Buffer): void {
    const { length, slave } = transferOf(report);
    const bytes = faults.heldLow ? undefined : slave?.read(length);
    received = Buffer.from(bytes ?? []);
    if (faults.heldLow) engine = ENGINE.startTimeout;
    else engine = bytes ? ENGINE.idle : ENGINE.addressRefused;
  }

  function transferOf(report: Buffer) {
    const address = report.readUInt8(3) >> 1;
    addresses.add(address);
    return { length: report.readUInt16LE(1), slave: slaveAt(address) };
  }

  function takeData(_report: Buffer, answer: Buffer): void {
    if (engine !== ENGINE.idle) {
      answer[2] = engine;
      answer[3] = engine === ENGINE.addressRefused ? 0 : NO_DATA;
      return;
    }
    const chunk = received.subarray(0, CHUNK);
    received = received.subarray(CHUNK);
    answer[2] = received.length > 0 ? ENGINE.partlyRead : ENGINE.read;
    answer[3] = chunk.length;
    chunk.copy(answer, 4);
  }

  /** Four bytes a pin: whether to change the level, the level, whether to change the direction, the direction. */
  function setPins(report: Buffer, answer: Buffer): void {
    for (const [index, pin] of pins.entries()) {
      const at = 2 + 4 * index;
      const [changesLevel, level, changesDirection, direction] = report.subarray(at, at + 4);
      const before = { ...pin };
      if (changesLevel) pin.output = level ? 1 : 0;
      if (changesDirection) pin.direction = direction ? "in" : "out";
      report.copy(answer, at, at, at + 4);
      if (before.output !== pin.output || before.direction !== pin.direction) onPin(index, { ...pin });
    }
  }

  function getPins(_report: Buffer, answer: Buffer): void {
    for (const [index, { direction, output, input }] of pins.entries()) {
      answer[2 + 2 * index] = direction === "out" ? output : input;
      answer[3 + 2 * index] = direction === "out" ? 0 : 1;
    }
  }

  /** Bytes 22 to 25: what each pin is used for; 0 in the low bits is GPIO, bit 3 its direction. */
  function getSettings(_report: Buffer, answer: Buffer): void {
    for (const [index, { direction }] of pins.entries())
      answer[22 + index] = direction === "out" ? 0 : 1 << 3;
  }

  return {
    answer(report) {
      const answer = Buffer.alloc(REPORT);
      const padded = Buffer.concat([report], REPORT);
      answer[0] = padded.readUInt8(0);
      commands.get(padded.readUInt8(0))?.(padded, answer);
      return answer;
    },
    pins,
    drive(index, level) {
      const pin = pins[index];
      if (pin) pin.input = level;
    },
    faults,
    addresses,
  };
}
