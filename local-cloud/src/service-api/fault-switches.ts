import { invalidArgument } from "../azure-error.ts";
import { FALSE_CERTIFICATES } from "../certificates/false-certificate.ts";
import type { Allocation } from "../dps/allocation.ts";
import type { Enrollments } from "../dps/enrollments.ts";
import type { ConnackCode, DpsFaults } from "../faults/dps.ts";
import type { Faults } from "../faults/faults.ts";
import type { HubFaults } from "../faults/hub.ts";
import type { LineFaults } from "../faults/line.ts";
import type { TlsFaults } from "../faults/tls.ts";
import type { Json } from "../hub/json.ts";
import { type Arguments, readArguments } from "./fault-arguments.ts";

/** Reads its arguments, and then gives what turns the switch: nothing happens before all have been read. */
type Switch = (read: Arguments) => () => void;
type Switches = Record<string, Switch>;

const DAY = 86_400_000;
const MANY = 1_000_000;
const STATUSES = ["enabled", "disabled"] as const;
const CODES: readonly ConnackCode[] = [1, 2, 3, 4, 5];

export interface Switchboard {
  faults: Faults;
  allocation: Pick<Allocation, "assignTo">;
  enrollments: Pick<Enrollments, "groups" | "setProvisioningStatus">;
  /** The hub that `hub.` means. */
  hubName: string;
}

/** Everything that can be turned from another process, by name. */
export function faultSwitches(board: Switchboard): ReadonlyMap<string, Switch> {
  const { faults, hubName } = board;
  const hubs = Object.entries(faults.hubs).map(([name, hub]): [string, Switches] => [name, ofHub(hub)]);
  const rooms: [string, Switches][] = [
    ["dps", { ...ofDps(faults.dps), ...ofAssignment(board) }],
    ["hub", ofHub(faults.hubs[hubName] ?? faults.hub)],
    ...hubs,
    ["tls", ofTls(faults.tls, ["dps", ...Object.keys(faults.hubs)])],
  ];
  const all = rooms.flatMap(([room, switches]) =>
    Object.entries(switches).map(([name, turn]): [string, Switch] => [`${room}.${name}`, turn]),
  );
  return new Map([...all, ["clear", () => faults.clear]]);
}

/** Turns all of `body` (`{"dps.throttle": [3, 2]}`) or, if anything is wrong with it, none. @throws {AzureError} 400004. */
export function turnSwitches(switches: ReadonlyMap<string, Switch>, body: Record<string, Json>): void {
  const turns = Object.entries(body).map(([name, given]) => {
    const prepare = switches.get(name);
    if (!prepare)
      throw invalidArgument(`there is no switch '${name}', but ${[...switches.keys()].join(", ")}`);
    const read = readArguments(name, given);
    const turn = prepare(read);
    read.end();
    return turn;
  });
  for (const turn of turns) turn();
}

function ofLine(line: LineFaults): Switches {
  return {
    drop: () => () => line.drop(),
    blackhole: (read) => onOff(read, line.blackhole),
    halfOpen: () => () => line.halfOpen(),
    stall: (read) => milliseconds(read, line.stall),
  };
}

function ofDps(dps: DpsFaults): Switches {
  return {
    ...ofLine(dps),
    throttle(read) {
      const [times, retryAfter] = [
        read.integer("times", 0, MANY),
        read.optionalNumber("retryAfter", 0, 3600),
      ];
      return () => dps.throttle(times, retryAfter);
    },
    fail(read) {
      const times = read.integer("times", 0, MANY);
      const status = read.optionalInteger("status", 400, 599);
      const errorCode = read.optionalInteger("errorCode", 400_000, 599_999);
      return () => dps.fail(times, status, errorCode);
    },
    refuseConnections(read) {
      const returnCode = read.optionalOneOf("returnCode", CODES);
      const times = read.optionalInteger("times", 0, MANY);
      return () => dps.refuseConnections(returnCode, times);
    },
    neverAnswer: (read) => onOff(read, dps.neverAnswer),
    pollForEver: (read) => onOff(read, dps.pollForEver),
    junk: (read) => onOff(read, dps.junk),
  };
}

/** No faults, and not undone by `clear`: what an operator may do in DPS at any time. */
function ofAssignment({ faults, allocation, enrollments }: Switchboard): Switches {
  const groups = () => enrollments.groups().map(({ enrollmentGroupId }) => enrollmentGroupId);
  return {
    assignTo(read) {
      const hub = read.optionalOneOf("hub", Object.keys(faults.hubs));
      return () => allocation.assignTo(hub);
    },
    setProvisioningStatus(read) {
      const [group, status] = [read.oneOf("enrollmentGroupId", groups()), read.oneOf("status", STATUSES)];
      return () => enrollments.setProvisioningStatus(group, status);
    },
  };
}

function ofHub(hub: HubFaults): Switches {
  return {
    ...ofLine(hub),
    refuse(read) {
      const [returnCode, times] = [read.oneOf("returnCode", CODES), read.optionalInteger("times", 0, MANY)];
      return () => hub.refuse(returnCode, times);
    },
    throttle(read) {
      const rate = read.number("messagesPerSecond", 0, MANY);
      const [burst, queue] = [read.optionalInteger("burst", 0, MANY), read.optionalInteger("queue", 0, MANY)];
      return () => hub.throttle(rate, burst, queue);
    },
    delayPubacks: (read) => milliseconds(read, hub.delayPubacks),
    withholdPubacks: (read) => onOff(read, hub.withholdPubacks),
    duplicatePubacks: (read) => onOff(read, hub.duplicatePubacks),
    pubacksAfterReconnect: (read) => onOff(read, hub.pubacksAfterReconnect),
    loseConnectionBeforePuback: (read) => times(read, hub.loseConnectionBeforePuback),
    rejectMessages: (read) => times(read, hub.rejectMessages),
    junkTwin: (read) => onOff(read, hub.junkTwin),
    twinNeverAnswers: (read) => onOff(read, hub.twinNeverAnswers),
  };
}

function ofTls(tls: TlsFaults, places: readonly string[]): Switches {
  const place = (turn: (at?: string) => void) => (read: Arguments) => {
    const at = read.optionalOneOf("at", places);
    return () => turn(at);
  };
  return {
    presentCertificate(read) {
      const [kind, at] = [read.oneOf("kind", FALSE_CERTIFICATES), read.optionalOneOf("at", places)];
      return () => tls.presentCertificate(kind, at);
    },
    plain: place(tls.plain),
    captivePortal: place(tls.captivePortal),
    silent: place(tls.silent),
  };
}

function onOff(read: Arguments, turn: (on?: boolean) => void): () => void {
  const on = read.optionalBoolean("on");
  return () => turn(on);
}

function times(read: Arguments, turn: (times?: number) => void): () => void {
  const count = read.optionalInteger("times", 0, MANY);
  return () => turn(count);
}

function milliseconds(read: Arguments, turn: (milliseconds: number) => void): () => void {
  const time = read.number("milliseconds", 0, DAY);
  return () => turn(time);
}
