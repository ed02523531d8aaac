// The agent's own way: segment outbox → courier → session → SDK.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createIdentitySource } from "#agent/hub/identity-source.js";
import { createSession } from "#agent/hub/session.js";
import { toTelemetry } from "#agent/hub/telemetry.js";
import { systemClock as clock } from "#agent/lib/clock.js";
import { createRate } from "#agent/lib/rate.js";
import { createCourier } from "#agent/outbox/courier.js";
import { openSegmentOutbox } from "#agent/outbox/segments.js";
import { openSequence } from "#agent/outbox/sequence.js";
import { sampleOf } from "./sample.mjs";

const ignore = () => undefined;

async function openOutbox(folder) {
  return openSegmentOutbox({
    directory: join(folder, "outbox"),
    sequence: await openSequence(join(folder, "sequence")),
    maxBytes: 1024 ** 3,
    maxAge: 365 * 86_400_000,
    syncEvery: 10_000,
    ringCapacity: 10_000,
    clock,
    onHealth: (event) => {
      throw new Error(JSON.stringify(event));
    },
  });
}

/** A backlog of `count` entries in `folder`. */
export async function fillOutbox(folder, count) {
  const outbox = await openOutbox(folder);
  for (let index = 0; index < count; index += 1) await outbox.append(sampleOf(index, "bench"));
  await outbox.close();
}

/** Online, and its backlog opened. */
export async function drainOurs({ folder, device, dps, trustedCaFile, inFlight, deviceId, onDelivered }) {
  const stop = new AbortController();
  const outbox = await openOutbox(folder);
  const session = createSession({
    identity: createIdentitySource(device, { onNew: ignore, onUnusable: ignore, onFallback: ignore }),
    trustedCaPem: readFileSync(trustedCaFile, "utf8"),
    modelId: "dtmi:cheesecave:CaveGateway;1",
    provisioning: { ...dps, deadline: 20_000 },
    assignments: { read: async () => undefined, write: async () => undefined },
    keepAlive: 60_000,
    retry: {
      network: { floor: 100, base: 100, cap: 1000 },
      service: { floor: 100, base: 100, cap: 1000 },
      disabled: 1000,
    },
    clock,
    random: Math.random,
  });
  const courier = createCourier({
    outbox,
    async send(entry, signal) {
      const now = { run: "now", wall: clock.now(), monotonic: clock.monotonic() };
      await session.send(toTelemetry(deviceId, entry, now), signal);
      onDelivered();
    },
    ready: (signal) => session.waitUntilOnline(signal),
    inFlight,
    rate: createRate(0, clock),
    clock,
    onFailure: (error) => {
      throw error;
    },
  });
  const listener = { onState: ignore, onTwin: ignore, onDesired: ignore, onMethod: ignore };
  const running = session.run(listener, stop.signal);
  await session.waitUntilOnline(AbortSignal.timeout(30_000));
  let walking;
  return {
    async run() {
      walking = courier.run(stop.signal);
      await courier.drained(AbortSignal.timeout(600_000));
    },
    async close() {
      stop.abort();
      await Promise.all([running, walking]);
      await outbox.close();
    },
  };
}
