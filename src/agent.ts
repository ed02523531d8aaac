import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { GuardState } from "./cave/guard.ts";
import type { Sample } from "./cave/sample.ts";
import type { Config } from "./config.ts";
import { createControl, type Measurement } from "./control.ts";
import { type AgentError, causeOf, isAgentError, messageOf } from "./errors.ts";
import { asFanFailure, fanDeadline } from "./fan/failure.ts";
import { openFan } from "./fan/open.ts";
import { createFanLog } from "./fan-log.ts";
import { createHealth } from "./health/agent-health.ts";
import { createClockWatch } from "./health/clock/watch.ts";
import { LINUX, type Machine } from "./health/doctor/check.ts";
import { CHECKS, runDoctor, usable } from "./health/doctor/run.ts";
import { runningCheck } from "./health/doctor/running.ts";
import { openStatus } from "./health/room.ts";
import { describeStatus, type StatusDocument } from "./health/status.ts";
import { createHubEvents } from "./hub/events.ts";
import { readTrustedCa } from "./hub/identity.ts";
import { createIdentitySource } from "./hub/identity-source.ts";
import { createMethods } from "./hub/methods.ts";
import { MODEL_ID } from "./hub/model.ts";
import { createOutboxReport } from "./hub/outbox-report.ts";
import { createReported, describeForTwin } from "./hub/reported.ts";
import { createSession } from "./hub/session.ts";
import { toTelemetry } from "./hub/telemetry.ts";
import { createTwinSettings } from "./hub/twin.ts";
import {
  bindState,
  checkStateDirectory,
  fanRecord,
  openKept,
  restoreSteering,
  stateNotKept,
} from "./kept.ts";
import type { Clock } from "./lib/clock.ts";
import { withDeadline } from "./lib/deadline.ts";
import { startRooms } from "./lib/lifecycle.ts";
import { everyPeriod } from "./lib/periodic.ts";
import { createRate } from "./lib/rate.ts";
import { shared } from "./lib/shared.ts";
import type { WriteRight } from "./lib/write-right.ts";
import { responseLimits, retryLimits, steerLimits } from "./limits.ts";
import { type Logger, temporaryLevel } from "./log.ts";
import { createCourier } from "./outbox/courier.ts";
import { openSegmentOutbox } from "./outbox/segments.ts";
import { openSequence } from "./outbox/sequence.ts";
import { openSensor } from "./sensor/open.ts";
import { createSensorLog } from "./sensor-log.ts";
import { createStateClaim } from "./state-claim.ts";

/** What the machine lends to the agent. */
export interface AgentParts {
  log: Logger;
  clock: Clock;
  /** [0, 1) */
  random: () => number;
  /** Left out: where Linux has it. */
  machine?: Machine;
}

export interface Agent {
  /** Rejects if a room failed in a way that it cannot mend; otherwise never settles. */
  fault: Promise<never>;
  /** Resolves when somebody has asked for a restart through the hub. */
  restart: Promise<string>;
  status(): StatusDocument;
  /** Takes over a new certificate now, if one is there, by a new connection; else a wait for the next try ends. */
  reload(): void;
  /** Puts the fan in its safe state, sends what still waits for up to 1.5 s, and lets go of everything. */
  stop(): Promise<void>;
}

const DRAIN = 1500;
const CERTIFICATE_LOOK = 60_000;
const FAN_RECORD = 300_000;
const STATE_RETRY = 60_000;

/** Builds the rooms and starts them. Rejects with an AgentError if identity, CA or state cannot be used. */
export async function startAgent(
  config: Config,
  { log, clock, random, machine = LINUX }: AgentParts,
): Promise<Agent> {
  const trustedCaPem = readTrustedCa(config.tls.trustedCaFile);
  const identity = createIdentitySource(config.device, {
    onNew: ({ thumbprint, notAfter }) =>
      log.info(
        { event: "certificate-new", thumbprint, notAfter },
        "a new certificate takes over at the next connect",
      ),
    onUnusable: (error) =>
      log.warn({ event: "certificate-unusable", ...causeOf(error) }, "the old certificate stays"),
    onFallback: ({ thumbprint }, why) =>
      log.warn(
        { event: "certificate-fallback", ...causeOf(why), thumbprint },
        "the new certificate does not get in: back to the old one",
      ),
  });
  const { deviceId } = identity.current();
  await checkStateDirectory(config.state.directory);

  // Rooms tell of themselves while others are still missing: the first look, at the start, sees it all.
  let look = (): void => undefined;
  const clockWatch = createClockWatch(machine, clock, () => look());
  // State and outbox may have to tell of their disk before there is a cave to look at.
  const health = createHealth({
    clock,
    log,
    status: () => status(),
    control: () => control.state(),
    identity: identity.current,
    certificateTrouble: identity.trouble,
    clockSynchronized: clockWatch.isSynchronized,
  });
  const claim = createStateClaim({
    directory: config.state.directory,
    deviceId,
    clock,
    onChange: health.onState,
  });
  await takeUnlessBroken(claim, log);
  const kept = await openKept({
    directory: config.state.directory,
    log,
    right: claim,
    onChange: health.onKept,
  });
  await bindState(kept, deviceId);
  const startMonotonic = clock.monotonic();
  // Derived anew each time: a clock that was wrong at boot puts the start right once it is set.
  const uptime = () => clock.monotonic() - startMonotonic;
  const run = randomUUID();
  const stopping = new AbortController();

  const outbox = await openSegmentOutbox<Sample>({
    directory: join(config.state.directory, "outbox"),
    sequence: await openSequence(join(config.state.directory, "sequence"), {
      onLeap: (error) =>
        log.error({ event: "sequence-leap", ...causeOf(error) }, `${error.message}; ${error.remedy}`),
      right: claim,
    }),
    maxBytes: config.outbox.maxMebibytes * 1024 * 1024,
    maxAge: config.outbox.maxAge,
    syncEvery: config.outbox.syncEvery,
    ringCapacity: config.outbox.memoryCapacity,
    clock,
    onHealth: health.onOutbox,
    right: claim,
  });
  const session = createSession({
    identity,
    trustedCaPem,
    modelId: MODEL_ID,
    provisioning: config.provisioning,
    assignments: kept.assignment,
    keepAlive: config.hub.keepAlive,
    retry: retryLimits(config),
    clock,
    random,
  });
  const rate = createRate(config.outbox.perSecond, clock);
  const courier = createCourier<Sample>({
    outbox,
    async send(entry, signal) {
      await rate.take(signal);
      const now = { run, wall: clock.now(), monotonic: clock.monotonic() };
      await session.send(toTelemetry(deviceId, entry, now), signal);
    },
    ready: (signal) => session.waitUntilOnline(signal),
    inFlight: config.outbox.inFlight,
    clock,
    onFailure: (error) => log.debug({ event: "send-failed", ...causeOf(error) }, "sending is interrupted"),
  });
  const reported = createReported(session, clock, (error) =>
    log.debug({ event: "report-failed", ...causeOf(error) }, "reporting is interrupted"),
  );
  const outboxReport = createOutboxReport({
    counts: outbox.counts,
    drained: courier.drained,
    reported,
    clock,
  });
  const twin = createTwinSettings(config.cave, await kept.settings.read());

  // The outbox takes them in order: when the last one is in, all are.
  let keeping: Promise<void> = Promise.resolve();
  async function keep(measurement: Measurement, urgent: boolean): Promise<void> {
    try {
      const entry = await outbox.append({ ...measurement, run }, { urgent });
      if (urgent) courier.expedite(entry);
    } catch (error) {
      log.error({ event: "sample-lost", ...causeOf(error) }, "a sample could not be kept");
    }
  }

  const fan = openFan(config.fan, {
    clock,
    sensorSource: config.sensor.source,
    ...createFanLog(log, config.sensor.source, () => look()),
  });
  /** Why it could not be taken over: one that hangs cannot tell that itself. */
  let notTaken: AgentError | undefined;
  /** Called by the control loop, when all rooms are there: what the fan tells meanwhile makes them look at each other. */
  async function takeFan(): Promise<GuardState> {
    await withDeadline(fan.open(), fanDeadline("the fan's line"), clock, stopping.signal).catch(
      (error: unknown) => {
        if (stopping.signal.aborted) return;
        notTaken = asFanFailure(error);
        log.error({ event: "fan-fault", ...causeOf(error) }, "the fan cannot be reached; it is tried again");
      },
    );
    const found = fan.state();
    return restored.guard(found === "failed" ? undefined : found === "on");
  }
  const sensor = openSensor(config.sensor, config.simulation, {
    clock,
    fanOn: () => fan.state() === "on",
    openAdapter: machine.openAdapter,
    answered: kept.sensor,
    ...createSensorLog(log),
    onSimulated: (error) =>
      log.warn(
        { event: "sensor-simulated", ...causeOf(error) },
        `no sensor answers: every value is SIMULATED (sensor.source is "auto"): ${messageOf(error)}`,
      ),
  });
  const restored = await restoreSteering(kept, clock, log);
  let told = "";
  const control = createControl({
    sensor,
    fan,
    clock,
    initial: restored.initial,
    takeFan,
    readEvery: config.sensor.readEvery,
    limits: steerLimits(config),
    response: responseLimits(config),
    settings: twin.current,
    remember: (steering) => kept.fan.write(fanRecord(steering, clock)),
    onSample(measurement, urgent) {
      keeping = keep(measurement, urgent);
    },
    onTick: (state) => {
      const summary = `fan ${state.fan}: ${state.reason}${state.held ? ` (held: ${state.held.cause})` : ""}`;
      if (summary !== told) log.info({ event: "fan", fan: state.fan, reason: state.reason }, summary);
      told = summary;
      reported.set({
        fanState: state.fan,
        fanReason: state.reason,
        sensor: describeForTwin(sensor.describe(), state.sensor),
      });
      look();
    },
    onSensorFault: (error) =>
      log.warn({ event: "sensor-fault", ...causeOf(error) }, "the sensor gives no reading"),
    onFanFault: (error) => log.error({ event: "fan-fault", ...causeOf(error) }, "the fan does not obey"),
  });

  const status = () =>
    describeStatus({
      deviceId,
      uptime: uptime(),
      now: clock.now(),
      connection: session.describe(),
      sensor: sensor.describe(),
      fan: fan.describe(),
      notTaken,
      control: control.state(),
      settings: twin.current(),
      outbox: outbox.counts(),
    });
  const diagnose = shared(() =>
    runDoctor(
      {
        configuration: usable(config),
        hub: session.describe().hub ?? undefined,
        running: status(),
        clock,
        machine,
        checks: [...CHECKS, runningCheck({ document: health.document() })],
      },
      stopping.signal,
    ),
  );

  let askRestart: (reason: string) => void = () => undefined;
  const restart = new Promise<string>((resolve) => {
    askRestart = resolve;
  });
  const onMethod = createMethods({
    control,
    status: () => health.document(),
    diagnose,
    overrideFor: config.fan.overrideFor,
    setLogLevel: temporaryLevel(log),
    reprovision: session.reprovision,
    restart: () => askRestart("Restart was called through the hub"),
    stopping: stopping.signal,
  });
  const events = createHubEvents({
    log,
    session,
    twin,
    reported,
    outboxReport,
    onMethod,
    onSettings(held) {
      control.reconsider();
      void kept.settings.write(held);
    },
    onTransition: () => look(),
    lastBoot: () => clock.now() - uptime(),
  });

  log.info(
    { event: "starting", deviceId, source: config.sensor.source, driver: config.fan.driver },
    `starting ${deviceId}`,
  );
  const statusRoom = await openStatus(config, {
    document: health.document,
    diagnose,
    log,
    clock,
    onChange: health.onStatusSocket,
  });
  look = health.look;
  look();
  const watchCertificate = async () => {
    identity.reload();
    look();
  };
  const life = startRooms([
    {
      name: "state",
      run: (signal) => everyPeriod(() => STATE_RETRY, kept.writeAgain, clock, signal),
      afterStop: claim.release,
    },
    { name: "outbox", afterStop: () => outbox.close() },
    {
      name: "session",
      async run(signal) {
        // On a small gateway the SDK's first steps keep the event loop for seconds, in which the fan's and the sensor's
        // deadlines would pass unseen: the cave comes first.
        await control.begun(signal).catch(() => undefined);
        await session.run(events, signal);
      },
    },
    { name: "reported", run: reported.run },
    { name: "outbox report", run: outboxReport.run },
    {
      name: "courier",
      run: courier.run,
      async beforeStop() {
        await Promise.race([keeping, clock.sleep(DRAIN)]);
        if (session.state() === "online")
          await courier.drained(AbortSignal.timeout(DRAIN)).catch(() => undefined);
      },
    },
    {
      name: "certificate",
      run: (signal) => everyPeriod(() => CERTIFICATE_LOOK, watchCertificate, clock, signal),
    },
    { name: "clock", run: clockWatch.run },
    { name: "status", run: statusRoom.run, afterStop: statusRoom.close },
    { name: "sensor", afterStop: () => sensor.close() },
    { name: "fan", afterStop: () => control.release() },
    {
      name: "fan record",
      run: (signal) =>
        everyPeriod(
          () => FAN_RECORD,
          async () => control.remember(),
          clock,
          signal,
        ),
    },
    { name: "control", run: control.run },
  ]);
  return {
    fault: life.fault,
    restart,
    status,
    reload() {
      if (identity.reload()) session.reconnect("a new certificate was installed");
      else session.tryNow();
      look();
    },
    async stop() {
      stopping.abort();
      await life.stop((room, error) =>
        log.error({ event: "stop-fault", room, ...causeOf(error) }, `${room} did not stop cleanly`),
      );
      log.info({ event: "stopped", outbox: outbox.counts() }, "stopped");
    },
  };
}

/** Where nothing can be written, that is told, and is no reason to leave the cave alone: whoever writes there tries again. */
async function takeUnlessBroken(state: WriteRight, log: Logger): Promise<void> {
  await state.take().catch((error: unknown) => {
    if (isAgentError(error)) throw error;
    log.warn(
      { event: "state-unlocked", ...causeOf(stateNotKept(error)) },
      "the state directory cannot be locked",
    );
  });
}
