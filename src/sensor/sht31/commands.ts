/** A command of the SHT3x-DIS. Times in milliseconds. */
export interface Command {
  /** What it does, for messages. */
  name: string;
  /** 16 bits, most significant byte first. */
  code: number;
  /** From the command on, until its answer can be read. */
  answerAfter: number;
  /** From the command on, until the next one may come. */
  busyFor: number;
  /** Words of the answer. */
  words: number;
}

/** "A minimal waiting time of 1 ms is needed before another command can be received" (SHT3x-DIS datasheet v5, section 4). */
const GAP = 1;

const command = (name: string, code: number, rest: Partial<Command> = {}): Command => ({
  name,
  code,
  answerAfter: 0,
  busyFor: GAP,
  words: 0,
  ...rest,
});

/** What the agent says to an SHT31 (datasheet, section 4). */
export const COMMANDS = {
  /** Single shot, high repeatability, no clock stretching: 15.5 ms at most; Sensirion's own driver waits 16. */
  measure: command("measure", 0x2400, { answerAfter: 16, busyFor: 16, words: 2 }),
  status: command("read status", 0xf32d, { words: 1 }),
  clearStatus: command("clear status", 0x3041),
  /** 1.5 ms at most (table 4). */
  softReset: command("soft reset", 0x30a2, { busyFor: 2 }),
  heaterOn: command("heater on", 0x306d),
  heaterOff: command("heater off", 0x3066),
  /** Ends periodic mode, in which most other commands are refused. */
  stop: command("break", 0x3093),
  /** Not in the datasheet; Sensirion's drivers and the kernel's read the serial number so. */
  serial: command("read serial number", 0x3780, { answerAfter: 1, words: 2 }),
} as const satisfies Record<string, Command>;

/** Bits of the status word (datasheet, table 17). */
export const STATUS = {
  heaterOn: 1 << 13,
  /** Power-up, soft reset or a break-down of the supply since it was cleared. */
  resetDetected: 1 << 4,
} as const;
