import { askLocalService } from "./ask.ts";

// Version 6 of chronyd's command protocol, as `chronyc tracking` speaks it. All numbers are big-endian. A request has to
// be as long as its reply, so that nobody can use chronyd to make more traffic of less.
const VERSION = 6;
const REQUEST = 1;
const REPLY = 2;
const TRACKING = 33;
const TRACKING_REPLY = 5;
const LENGTH = 104;
const AT = { version: 0, type: 1, command: 4, reply: 6, status: 8, leap: 54 };

/** Of the leap indicator, as in NTP: no source has been selected yet. */
const UNSYNCHRONIZED = 3;

/** Whether chronyd follows a time server. Undefined if it does not run, or listens on no `port` (`cmdport 0`). */
export function askChrony(port: number, signal: AbortSignal): Promise<boolean | undefined> {
  const request = Buffer.alloc(LENGTH);
  request.writeUInt8(VERSION, AT.version);
  request.writeUInt8(REQUEST, AT.type);
  request.writeUInt16BE(TRACKING, AT.command);
  return askLocalService(port, request, readTracking, signal);
}

function readTracking(answer: Buffer): boolean | undefined {
  const isTracking =
    answer.length >= LENGTH &&
    answer.readUInt8(AT.version) === VERSION &&
    answer.readUInt8(AT.type) === REPLY &&
    answer.readUInt16BE(AT.reply) === TRACKING_REPLY &&
    answer.readUInt16BE(AT.status) === 0;
  return isTracking ? answer.readUInt16BE(AT.leap) !== UNSYNCHRONIZED : undefined;
}
