import { join } from "node:path";
import type { Sample } from "./cave/sample.ts";
import type { Config } from "./config.ts";
import { createControl } from "./control.ts";
import { messageOf } from "./errors.ts";
import { openFan } from "./fan/open.ts";
import { describeStatus, type StatusDocument } from "./health/status.ts";
import { createHubEvents } from "./hub/events.ts";
import { type Identity, loadIdentity, readTrustedCa } from "./hub/identity.ts";
import { createMethods } from "./hub/methods.ts";
import { MODEL_ID } from "./hub/model.ts";
import { createReported } from "./hub/reported.ts";
import { createSession } from "./hub/session.ts";
import { toTelemetry } from "./hub/telemetry.ts";
import { createTwinSettings } from "./hub/twin.ts";
import type { Clock } from "./lib/clock.ts";
import { type Life, startRooms } from "./lib/lifecycle.ts";
import type { Logger } from "./log.ts";
import { createCourier } from "./outbox/courier.ts";
import { createMemoryOutbox } from "./outbox/memory.ts";
import { openSequence } from "./outbox/sequence.ts";
import { openSensor } from "./sensor/open.ts";

/** What the machine lends to the agent. */
export interface AgentParts {
  log: Logger;
  clock: Clock;
  /** [0, 1) */
  random: () => number;
}

export interface Agent {
  /** Rejects if a room failed in a way that it cannot mend; otherwise never settles. */
  fault: Promise<never>;
  status(): StatusDocument;
  /** Puts the fan in its safe state, sends what still waits for up to 1.5 s, and lets go of everything. */
  stop(): Promise<void>;
}

const DRAIN = 1500;
const BACKOFF = { base: 1000, cap: 60_000 };

/** Builds the rooms and starts them. Rejects with an AgentError if identity, CA or state cannot be used. */
export async function startAgent(config: Config, { log, clock, random }: AgentParts): Promise<Agent> {
  const identity = loadIdentity(config.device);
  const trustedCaPem = readTrustedCa(config.tls.trustedCaFile);
  const sequence = await openSequence(join(config.state.directory, "sequence.json"));
  const startedAt = clock.now();
  const stopping = new AbortController();

  const outbox = createMemoryOutbox<Sample>({ capacity: config.outbox.capacity, sequence });
  const session = createSession({
    credentials: { identity, trustedCaPem, modelId: MODEL_ID },
    provisioning: config.provisioning,
    keepAlive: config.hub.keepAlive,
    backoff: BACKOFF,
    clock,
    random,
  });
  const twin = createTwinSettings(config.cave);
  const fan = openFan(config.fan);
  const sensor = openSensor(config.sensor, config.simulation, { clock, fanOn: () => fan.state() === "on" });
  const courier = createCourier<Sample>({
    outbox,
    send: (entry, signal) => session.send(toTelemetry(identity.deviceId, entry), signal),
    ready: (signal) => session.waitUntilOnline(signal),
    inFlight: config.outbox.inFlight,
    clock,
    onFailure: (error) =>
      log.debug({ event: "send-failed", cause: messageOf(error) }, "sending is interrupted"),
  });
  const reported = createReported(session, clock, (error) =>
    log.debug({ event: "report-failed", cause: messageOf(error) }, "reporting is interrupted"),
  );

  async function keep(sample: Sample, urgent: boolean): Promise<void> {
    try {
      const entry = await outbox.append(sample, { urgent });
      if (urgent) courier.expedite(entry);
    } catch (error) {
      log.error({ event: "sample-lost", cause: messageOf(error) }, "a sample could not be kept");
    }
  }

  const control = createControl({
    sensor,
    fan,
    clock,
    readEvery: config.sensor.readEvery,
    staleAfter: config.sensor.staleAfter,
    safeState: config.fan.safeState,
    settings: twin.current,
    onSample: (sample, urgent) => void keep(sample, urgent),
    onChange: (state) => {
      log.info({ event: "fan", fan: state.fan, reason: state.reason }, `fan ${state.fan}: ${state.reason}`);
      reported.set({
        fanState: state.fan,
        fanReason: state.reason,
        sensor: { ...sensor.describe(), state: state.sensor },
      });
    },
    onSensorFault: (error) =>
      log.warn({ event: "sensor-fault", cause: messageOf(error) }, "the sensor gives no reading"),
    onFanFault: (error) =>
      log.error({ event: "fan-fault", cause: messageOf(error) }, "the fan does not obey"),
  });

  const status = () =>
    describeStatus({
      deviceId: identity.deviceId,
      startedAt,
      now: clock.now(),
      connection: session.describe(),
      sensor: sensor.describe(),
      control: control.state(),
      settings: twin.current(),
      outbox: outbox.counts(),
    });
  const onMethod = createMethods({
    control,
    status,
    overrideFor: config.fan.overrideFor,
    stopping: stopping.signal,
  });
  const events = createHubEvents({ log, session, twin, reported, outbox, onMethod, startedAt });

  log.info(
    {
      event: "starting",
      deviceId: identity.deviceId,
      source: config.sensor.source,
      driver: config.fan.driver,
    },
    `starting ${identity.deviceId}`,
  );
  warnOfExpiry(identity, clock, log);
  const life = startRooms([
    { name: "outbox", afterStop: () => outbox.close() },
    { name: "session", run: (signal) => session.run(events, signal) },
    { name: "reported", run: reported.run },
    {
      name: "courier",
      run: courier.run,
      beforeStop: () => courier.drained(AbortSignal.timeout(DRAIN)).catch(() => undefined),
    },
    { name: "sensor", afterStop: () => sensor.close() },
    { name: "fan", afterStop: () => fan.release() },
    { name: "control", run: control.run },
  ]);
  return {
    fault: life.fault,
    status,
    stop: () => stop(life, stopping, log, () => outbox.counts()),
  };
}

async function stop(life: Life, stopping: AbortController, log: Logger, counts: () => object): Promise<void> {
  stopping.abort();
  await life.stop((room, error) =>
    log.error({ event: "stop-fault", room, cause: messageOf(error) }, `${room} did not stop cleanly`),
  );
  log.info({ event: "stopped", outbox: counts() }, "stopped");
}

function warnOfExpiry(identity: Identity, clock: Clock, log: Logger): void {
  if (clock.now() <= identity.notAfter.getTime()) return;
  log.warn(
    { event: "certificate-expired", notAfter: identity.notAfter.toISOString() },
    `the certificate expired on ${identity.notAfter.toISOString()}, or this machine's clock is wrong: install a new certificate`,
  );
}
