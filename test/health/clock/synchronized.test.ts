import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { askTimeServices } from "#agent/health/clock/synchronized.js";
import { CHRONY, NTP, noTimeServices, startUdpService } from "./services.ts";

const never = new AbortController().signal;

test("where no time service runs, nothing is known", async (t) => {
  assert.equal(await askTimeServices(await noTimeServices(t), never), undefined);
});

test("systemd-timesyncd: its folder alone means not yet, the file in it yes", async (t) => {
  const services = await noTimeServices(t);
  const service = "systemd-timesyncd";
  mkdirSync(services.timesync);
  assert.deepEqual(await askTimeServices(services, never), { isSynchronized: false, service });
  writeFileSync(join(services.timesync, "synchronized"), "");
  assert.deepEqual(await askTimeServices(services, never), { isSynchronized: true, service });
});

test("chronyd is asked as chronyc does, and its leap status counts", async (t) => {
  let answer = CHRONY.unsynchronized;
  const { port, questions } = await startUdpService(t, () => answer);
  const services = { ...(await noTimeServices(t)), chronyPort: port };
  assert.deepEqual(await askTimeServices(services, never), { isSynchronized: false, service: "chrony" });
  answer = CHRONY.synchronized;
  assert.deepEqual(await askTimeServices(services, never), { isSynchronized: true, service: "chrony" });
  // Version 6, request, REQ_TRACKING; as long as the answer.
  assert.deepEqual([...(questions[0]?.subarray(0, 6) ?? [])], [6, 1, 0, 0, 0, 33]);
  assert.equal(questions[0]?.length, answer.length);
});

test("an NTP server is asked as a client does, and its leap indicator counts", async (t) => {
  let answer = NTP.unsynchronized;
  const { port, questions } = await startUdpService(t, () => answer);
  const services = { ...(await noTimeServices(t)), ntpPort: port };
  assert.deepEqual(await askTimeServices(services, never), { isSynchronized: false, service: "NTP" });
  answer = NTP.synchronized;
  assert.deepEqual(await askTimeServices(services, never), { isSynchronized: true, service: "NTP" });
  assert.equal(questions[0]?.[0], 0b00_100_011);
  assert.equal(questions[0]?.length, 48);
});

test("a yes outweighs the no of a service that is left over", async (t) => {
  const { port } = await startUdpService(t, () => CHRONY.synchronized);
  const services = { ...(await noTimeServices(t)), chronyPort: port };
  mkdirSync(services.timesync);
  assert.equal((await askTimeServices(services, never))?.service, "chrony");
});

test("what declines, answers something else or says nothing is not taken for a no", async (t) => {
  const declined = Buffer.from(NTP.unsynchronized);
  declined.write("RATE", 12, "latin1");
  const refused = Buffer.from(CHRONY.unsynchronized);
  refused.writeUInt16BE(2, 8);
  const answers = [
    declined,
    refused,
    Buffer.alloc(0),
    Buffer.from("hello"),
    Buffer.alloc(104, 0xff),
    undefined,
  ];
  let answer: Buffer | undefined;
  const { port, questions } = await startUdpService(t, () => answer);
  const services = { ...(await noTimeServices(t)), chronyPort: port, ntpPort: port };
  for (answer of answers)
    assert.equal(await askTimeServices(services, never), undefined, answer?.toString("hex"));
  assert.equal(questions.length, 2 * answers.length);
});

test("who is asked to stop does not wait for an answer", async (t) => {
  const stopping = new AbortController();
  const { port } = await startUdpService(t, () => {
    stopping.abort();
    return undefined;
  });
  const services = { ...(await noTimeServices(t)), chronyPort: port };
  assert.equal(await askTimeServices(services, stopping.signal), undefined);
  assert.equal(await askTimeServices(services, stopping.signal), undefined);
});
