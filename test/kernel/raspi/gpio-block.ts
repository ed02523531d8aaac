import type { Monitor } from "./monitor.ts";

/** The GPIO block of the BCM2837 as it is seen from outside (BCM2835 ARM Peripherals, section 6.1). */
export interface GpioBlock {
  level(line: number): Promise<0 | 1>;
  role(line: number): Promise<LineRole>;
}

export type LineRole = "input" | "output" | "alternate";

/** What a write to the block does to one line. */
export type LineWrite = "high" | "low" | LineRole;

const BASE = 0x3f20_0000;
const SELECT = 0x00;
const SET = 0x1c;
const CLEAR = 0x28;
const LEVEL = 0x34;
/** Three bits a line, ten lines a register. */
const LINES_A_SELECT = 10;
const WORD = 4;

export function createGpioBlock(monitor: Monitor): GpioBlock {
  return {
    level: async (line) => bit(await monitor.register(BASE + bank(LEVEL, line)), line),
    role: async (line) => roleIn(await monitor.register(BASE + selectOf(line)), line),
  };
}

/** What the write of `value` at a physical address does to the line; undefined if nothing. */
export function meaningOf(line: number, address: number, value: number): LineWrite | undefined {
  const register = address - BASE;
  if (register === selectOf(line)) return roleIn(value, line);
  if (register === bank(SET, line)) return bit(value, line) ? "high" : undefined;
  if (register === bank(CLEAR, line)) return bit(value, line) ? "low" : undefined;
  return undefined;
}

function selectOf(line: number): number {
  return SELECT + WORD * Math.floor(line / LINES_A_SELECT);
}

function bank(register: number, line: number): number {
  return register + WORD * Math.floor(line / 32);
}

function bit(word: number, line: number): 0 | 1 {
  return (word >>> (line % 32)) & 1 ? 1 : 0;
}

function roleIn(word: number, line: number): LineRole {
  const code = (word >>> (3 * (line % LINES_A_SELECT))) & 0b111;
  return code === 0 ? "input" : code === 1 ? "output" : "alternate";
}
