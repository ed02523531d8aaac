import { askChrony } from "./chrony.ts";
import { askNtp } from "./ntp.ts";
import { askTimesyncd } from "./timesyncd.ts";

/** Where time services tell whether they have set the clock. */
export interface TimeServices {
  /** Folder of systemd-timesyncd. */
  timesync: string;
  /** UDP port of chronyd's command protocol. */
  chronyPort: number;
  /** UDP port of an NTP server. */
  ntpPort: number;
}

/** What a time service says, and which one it is. */
export interface Synchronization {
  isSynchronized: boolean;
  service: string;
}

/**
 * Whether a time server has set this machine's clock. The kernel knows (adjtimex(2), STA_UNSYNC) but tells Node in no
 * file, so the services themselves are asked: a yes of one outweighs the no of another. Undefined if none of them runs
 * or says: nothing is then known, and the clock may well be right. Never rejects.
 */
export async function askTimeServices(
  { timesync, chronyPort, ntpPort }: TimeServices,
  signal: AbortSignal,
): Promise<Synchronization | undefined> {
  const asked = await Promise.all([
    named("systemd-timesyncd", askTimesyncd(timesync)),
    named("chrony", askChrony(chronyPort, signal)),
    named("NTP", askNtp(ntpPort, signal)),
  ]);
  const said = asked.filter((each) => each !== undefined);
  return said.find(({ isSynchronized }) => isSynchronized) ?? said[0];
}

async function named(
  service: string,
  answer: Promise<boolean | undefined>,
): Promise<Synchronization | undefined> {
  const isSynchronized = await answer;
  return isSynchronized === undefined ? undefined : { isSynchronized, service };
}
