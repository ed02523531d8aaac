import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TimeServices } from "#agent/health/clock/synchronized.js";
import { defer, type Scope } from "../../support/cleanup.ts";
import { temporaryDirectory } from "../../support/pki.js";

/** A port of the well-known ones on which nobody listens (tcpmux). */
export const NOBODY = 1;

/** What chronyd 4.3 has answered to `chronyc tracking`: without a source yet, and with one selected. */
export const CHRONY = {
  unsynchronized: Buffer.from(
    "06020000002100050000000000000000deadbeef000000000000000000000000000000000000000000000000000000000000000000000003" +
      "000000000000000000000000000000000000000000000000000000000000000000000000048000000480000000000000",
    "hex",
  ),
  synchronized: Buffer.from(
    "06020000002100050000000000000000deadbeef00000000000000007f0000017f0000010000000000000000000000000001000000090000" +
      "000000006b02563f23c1e3acdd041083d699127fd6fe3722fcc1f82ff6c8aa66fe9befc3e0f4d02adccd2f7904827e1c",
    "hex",
  ),
};

/** What ntpd of NTPsec 1.2.2 has answered before it had a server, and what chronyd 4.3 has as an NTP server. */
export const NTP = {
  unsynchronized: Buffer.from(
    "e40000e90000000000000002494e495400000000000000006162636465666768eeacd4e0ff4cf118eeacd4e0ff880587",
    "hex",
  ),
  synchronized: Buffer.from(
    "240800e800000000000000007f7f0101eeacd4b9421653136162636465666768eeacd4e0feedb3d1eeacd4e0fef58070",
    "hex",
  ),
};

/** Answers each question with what `answer` gives, and keeps the questions. */
export async function startUdpService(
  t: Scope,
  answer: () => Buffer | undefined,
): Promise<{ port: number; questions: Buffer[] }> {
  const socket = createSocket("udp4");
  const questions: Buffer[] = [];
  socket.on("message", (question, { port, address }) => {
    questions.push(question);
    const said = answer();
    if (said) socket.send(said, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  defer(t, () => socket.close());
  return { port: (socket.address() as AddressInfo).port, questions };
}

/** A machine on which no time service runs. */
export async function noTimeServices(t: Scope): Promise<TimeServices> {
  return { timesync: join(await temporaryDirectory(t), "timesync"), chronyPort: NOBODY, ntpPort: NOBODY };
}
