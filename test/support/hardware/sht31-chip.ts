/**
 * A Sensirion SHT31 on the far side of the bus, byte for byte (SHT3x-DIS datasheet v5, section 4). It knows no bus, no
 * file and no timer: whoever carries the bytes (a test, FUSE, an emulated USB bridge) asks it at its own pace. Written
 * without a line of the driver, so that an error there cannot hide here.
 *
 * Where the datasheet is silent the model is strict: a command that comes sooner than 1 ms after another, during a
 * conversion or in periodic mode is not acknowledged. Clock stretching (2Cxx) and setting alert limits are unknown to it.
 */
export interface Sht31Chip {
  /** A write transfer. False: not acknowledged (NACK). */
  write(bytes: ArrayLike<number>): boolean;
  /** A read transfer of `length` bytes. Undefined: not acknowledged. Beyond what it has to say, a chip reads as FF. */
  read(length: number): Uint8Array | undefined;
  /** Switches for what goes wrong; change them at any time. */
  readonly faults: Sht31Faults;
  /** The supply breaks down for a moment: all that was set is lost, and status bit 4 tells of it. */
  brownOut(): void;
  /** Without a supply nothing answers. */
  unplug(): void;
  plugIn(): void;
  /** Whether the heater is on. */
  heater(): boolean;
  /** The newest transfers, oldest first, 4096 at most. */
  told(): readonly Transfer[];
}

export interface Sht31ChipOptions {
  /** Milliseconds of any clock that does not jump. */
  now: () => number;
  /** The air around it, °C and %RH. */
  air: () => Air;
  /** 32 bits. */
  serial?: number;
  faults?: Partial<Sht31Faults>;
}

export interface Sht31Faults {
  /** So many of the next transfers are not acknowledged. */
  nackNext: number;
  /** One bit of the first, or second, word is wrong in so many of the next reads that have it: its CRC does not fit. */
  corruptNext: [first: number, second: number];
  /** The converter is frozen: every measurement gives this air. */
  stuckAt: Air | undefined;
  /** After power-up and reset the heater is on, as some boards come (esphome/issues #1465). */
  heaterAfterReset: boolean;
  /** How much longer a conversion lasts than the datasheet's longest. */
  conversionScale: number;
}

/** °C and %RH. */
export interface Air {
  temperature: number;
  humidity: number;
}

/** One transfer as the chip saw it. */
export interface Transfer {
  /** By its clock, milliseconds. */
  at: number;
  kind: "write" | "read";
  /** Written bytes, or the bytes that were given, in hexadecimal. */
  bytes: string;
  acknowledged: boolean;
}

/** Longest conversion of high, medium and low repeatability, milliseconds (table 4). */
const CONVERSION = new Map([
  [0x2400, 15.5],
  [0x240b, 6.5],
  [0x2416, 4.5],
]);
/** Periodic modes: time between measurements, milliseconds (table 10; 2B32 is ART). */
const PERIODIC = new Map([
  ...[0x2032, 0x2024, 0x202f].map((command): [number, number] => [command, 2000]),
  ...[0x2130, 0x2126, 0x212d].map((command): [number, number] => [command, 1000]),
  ...[0x2236, 0x2220, 0x222b].map((command): [number, number] => [command, 500]),
  ...[0x2334, 0x2322, 0x2329, 0x2b32].map((command): [number, number] => [command, 250]),
  ...[0x2737, 0x2721, 0x272a].map((command): [number, number] => [command, 100]),
]);
/** The alert limits as they leave the factory; the kernel's sht3x reads them when it binds. */
const LIMITS = new Map([
  [0xe11f, 0xcd33],
  [0xe114, 0xc92d],
  [0xe109, 0x3869],
  [0xe102, 0x3466],
]);

const STATUS = { alert: 0x8000, heater: 0x2000, alerts: 0x0c00, reset: 0x0010, refused: 0x0002 };
const BETWEEN_COMMANDS = 1;
const RESET_TIME = 1.5;
/** The heater: a few degrees above the air, reached and lost with a lag of seconds. */
const HEAT = { degrees: 3, lag: 5000 };
const TOLD = 4096;

export function createSht31Chip(options: Sht31ChipOptions): Sht31Chip {
  const { now, serial = 0x0bad_cafe } = options;
  const faults: Sht31Faults = {
    nackNext: 0,
    corruptNext: [0, 0],
    stuckAt: undefined,
    heaterAfterReset: false,
    conversionScale: 1,
    ...options.faults,
  };
  const told: Transfer[] = [];
  let powered = true;
  let status = 0;
  let busyUntil = -Infinity;
  let answer: number[] | undefined;
  let readyAt: number | undefined;
  let periodic: { every: number; lastAt: number } | undefined;
  let heat = { degrees: 0, at: now() };
  let flipped = 0;
  reset();

  function reset(): void {
    follow();
    status = STATUS.alert | STATUS.reset | (faults.heaterAfterReset ? STATUS.heater : 0);
    answer = undefined;
    readyAt = undefined;
    periodic = undefined;
  }

  /** Brings the heat of the die up to now, before the heater changes. */
  function follow(): number {
    const goal = powered && status & STATUS.heater ? HEAT.degrees : 0;
    heat = { degrees: goal + (heat.degrees - goal) * Math.exp((heat.at - now()) / HEAT.lag), at: now() };
    return heat.degrees;
  }

  function measure(): number[] {
    const { temperature, humidity } = faults.stuckAt ?? options.air();
    const warmer = temperature + follow();
    const drier = (humidity * saturation(temperature)) / saturation(warmer);
    return [...withCrc(scale((warmer + 45) / 175)), ...withCrc(scale(drier / 100))];
  }

  function obey(command: number): boolean {
    if (periodic && ![0xe000, 0x3093, 0xf32d].includes(command)) return false;
    const conversion = CONVERSION.get(command);
    const every = PERIODIC.get(command);
    const limit = LIMITS.get(command);
    answer = undefined;
    readyAt = undefined;
    busyUntil = now() + BETWEEN_COMMANDS;
    if (command !== 0xf32d) status &= ~STATUS.refused;
    if (conversion !== undefined) busyUntil = readyAt = now() + conversion * faults.conversionScale;
    else if (every !== undefined) periodic = { every, lastAt: now() };
    else if (limit !== undefined) answer = withCrc(limit);
    else if (!obeySimple(command)) status |= STATUS.refused;
    return true;
  }

  function obeySimple(command: number): boolean {
    switch (command) {
      case 0x30a2:
        reset();
        busyUntil = now() + RESET_TIME;
        return true;
      case 0x306d:
      case 0x3066:
        follow();
        status = command === 0x306d ? status | STATUS.heater : status & ~STATUS.heater;
        return true;
      case 0x3041:
        status &= ~(STATUS.alert | STATUS.alerts | STATUS.reset);
        return true;
      case 0xf32d:
        answer = withCrc(status);
        return true;
      case 0x3780:
        answer = [...withCrc(serial >>> 16), ...withCrc(serial & 0xffff)];
        return true;
      case 0x3093:
        periodic = undefined;
        return true;
      case 0xe000:
        if (!periodic) return false;
        if (now() - periodic.lastAt < periodic.every) return true;
        periodic.lastAt = now();
        answer = measure();
        return true;
      default:
        return false;
    }
  }

  function isDeaf(): boolean {
    if (!powered) return true;
    if (faults.nackNext === 0) return false;
    faults.nackNext -= 1;
    return true;
  }

  function take(length: number): Uint8Array | undefined {
    if (isDeaf()) return undefined;
    if (readyAt !== undefined && now() >= readyAt) {
      answer = measure();
      readyAt = undefined;
    }
    if (!answer) return undefined;
    const bytes = Array.from({ length }, (_, index) => answer?.[index] ?? 0xff);
    answer = undefined;
    corrupt(bytes);
    return Uint8Array.from(bytes);
  }

  /** Each time another bit, be it of the value or of its CRC. */
  function corrupt(bytes: number[]): void {
    for (const word of [0, 1] as const) {
      if (faults.corruptNext[word] === 0 || bytes.length < 3 * word + 3) continue;
      faults.corruptNext[word] -= 1;
      flipped = (flipped + 7) % 24;
      const index = 3 * word + (flipped >> 3);
      bytes[index] = (bytes[index] ?? 0) ^ (1 << (flipped & 7));
    }
  }

  function tell(kind: Transfer["kind"], bytes: ArrayLike<number>, acknowledged: boolean): void {
    told.push({ at: now(), kind, bytes: toHex(bytes), acknowledged });
    if (told.length > TOLD) told.shift();
  }

  return {
    write(bytes) {
      const isHeard = !isDeaf() && now() >= busyUntil;
      const acknowledged = isHeard && (bytes.length < 2 || obey(((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)));
      tell("write", bytes, acknowledged);
      return acknowledged;
    },
    read(length) {
      const bytes = take(length);
      tell("read", bytes ?? [], bytes !== undefined);
      return bytes;
    },
    faults,
    brownOut() {
      reset();
      busyUntil = now() + BETWEEN_COMMANDS;
    },
    unplug() {
      follow();
      powered = false;
    },
    plugIn() {
      powered = true;
      reset();
      busyUntil = now() + BETWEEN_COMMANDS;
    },
    heater: () => powered && (status & STATUS.heater) !== 0,
    told: () => told,
  };
}

/** x⁸ + x⁵ + x⁴ + 1, from FF (section 4.12): the CRC of BEEF is 92. */
function withCrc(word: number): number[] {
  const bytes = [word >> 8, word & 0xff];
  let crc = 0xff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x80 ? 0x131 : 0)) & 0xff;
  }
  return [...bytes, crc];
}

function scale(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 65_535);
}

/** Saturation vapour pressure over water, hPa (Magnus; Sonntag 1990). */
function saturation(temperature: number): number {
  return 6.112 * Math.exp((17.62 * temperature) / (243.12 + temperature));
}

function toHex(bytes: ArrayLike<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
