import { askLocalService } from "./ask.ts";

// RFC 5905, section 7.3: leap indicator (2 bits), version (3), mode (3), stratum; the transmit timestamp at byte 40.
const LENGTH = 48;
const VERSION_4_CLIENT = (4 << 3) | 3;
const SERVER = 4;
const REFERENCE_ID = 12;

/** Of the leap indicator: the clock is not synchronized. */
const UNSYNCHRONIZED = 3;

/** Codes by which a server declines (section 7.4): they come with "not synchronized", whatever the clock is. */
const DECLINED = /^(DENY|RATE|RSTR)$/;

/**
 * Whether an NTP server on this machine (ntpd, NTPsec) says that its clock is synchronized. Undefined if there is none
 * on `port`, or if it declines to say.
 */
export function askNtp(port: number, signal: AbortSignal): Promise<boolean | undefined> {
  const request = Buffer.alloc(LENGTH);
  request.writeUInt8(VERSION_4_CLIENT);
  return askLocalService(port, request, readServer, signal);
}

function readServer(answer: Buffer): boolean | undefined {
  const [first = 0] = answer;
  if (answer.length < LENGTH || (first & 7) !== SERVER) return undefined;
  if (DECLINED.test(answer.toString("latin1", REFERENCE_ID, REFERENCE_ID + 4))) return undefined;
  return first >> 6 !== UNSYNCHRONIZED;
}
