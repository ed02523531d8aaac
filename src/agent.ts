import { openCaveSide } from "./agent/cave-side.ts";
import { openCloudSide } from "./agent/cloud-side.ts";
import { createDiagnosis } from "./agent/diagnosis.ts";
import { createLookout } from "./agent/lookout.ts";
import type { Sample } from "./cave/sample.ts";
import type { Config } from "./config.ts";
import { causeOf } from "./errors.ts";
import { LINUX, type Machine } from "./health/doctor/check.ts";
import { openStatus } from "./health/room.ts";
import { describeStatus, type StatusDocument } from "./health/status.ts";
import { readTrustedCa } from "./hub/identity.ts";
import { createIdentitySource } from "./hub/identity-source.ts";
import { createMethods } from "./hub/methods.ts";
import type { Clock } from "./lib/clock.ts";
import { startRooms } from "./lib/lifecycle.ts";
import { createCertificateLog } from "./log/certificate.ts";
import { type Logger, temporaryLevel } from "./log.ts";
import { openOutbox } from "./outbox/open.ts";
import type { OutboxCounts } from "./outbox/outbox.ts";
import { openState } from "./state/open.ts";

/** What the machine lends to the agent. */
export interface AgentParts {
  log: Logger;
  clock: Clock;
  /** [0, 1) */
  random: () => number;
  /** Left out: where Linux has it. */
  machine?: Machine;
  /** Aborts when nobody wants the agent any more, which matters while it starts. Left out: never. */
  signal?: AbortSignal;
}

export interface Agent {
  /** Rejects if a room failed in a way that it cannot mend; otherwise never settles. */
  fault: Promise<never>;
  /** Resolves when somebody has asked for a restart through the hub. */
  restart: Promise<string>;
  status(): StatusDocument;
  /** Takes over a new certificate now, if one is there, by a new connection; else a wait for the next try ends. */
  reload(): void;
  /**
   * Puts the fan in its safe state, sends what still waits for up to 1.5 s, and lets go of everything. Resolves to what
   * was then left in the outbox.
   */
  stop(): Promise<OutboxCounts>;
}

/**
 * Builds the rooms and starts them. Rejects with an AgentError if identity, CA or state cannot be used, with an AbortError
 * if `signal` aborts before the rooms have started: neither sensor nor fan was touched then. What it has opened until then
 * is closed.
 */
export async function startAgent(config: Config, parts: AgentParts): Promise<Agent> {
  const opened: (() => Promise<void>)[] = [];
  try {
    return await start(config, parts, (close) => {
      opened.push(close);
      parts.signal?.throwIfAborted();
    });
  } catch (error) {
    for (const close of opened.toReversed()) await close().catch(() => undefined);
    throw error;
  }
}

/** @param onOpened is told how to close what was opened, and throws if the start is to go no further. */
async function start(
  config: Config,
  { log, clock, random, machine = LINUX, signal }: AgentParts,
  onOpened: (close: () => Promise<void>) => void,
): Promise<Agent> {
  const trustedCaPem = readTrustedCa(config.tls.trustedCaFile);
  const identity = createIdentitySource(config.device, createCertificateLog(log));
  const { deviceId } = identity.current();

  // State and outbox may have to tell of their disk before there is a cave to look at.
  const control = () => cave.control.state();
  const health = createLookout({ log, clock, machine, identity, status, control });
  const state = await openState({
    directory: config.state.directory,
    deviceId,
    log,
    clock,
    onClaim: health.onState,
    onKept: health.onKept,
  });
  onOpened(state.close);
  const { kept, right, patience } = state;
  const startMonotonic = clock.monotonic();
  // Derived anew each time: a clock that was wrong at boot puts the start right once it is set.
  const uptime = () => clock.monotonic() - startMonotonic;
  const stopAsked = new AbortController();
  const stopping = stopAsked.signal;

  const outbox = await openOutbox<Sample>(config, { log, clock, right, patience, onHealth: health.onOutbox });
  onOpened(() => outbox.close());
  const cloud = await openCloudSide(config, { identity, trustedCaPem, kept, outbox, log, clock, random });
  const cave = await openCaveSide(config, {
    kept,
    settings: cloud.settings,
    openAdapter: machine.openAdapter,
    log,
    clock,
    onSample: cloud.keep,
    onTick(decided, sensor) {
      cloud.report(decided, sensor);
      health.look();
    },
    onChange: health.look,
    stopping,
  });

  function status(): StatusDocument {
    return describeStatus({
      deviceId,
      uptime: uptime(),
      now: clock.now(),
      connection: cloud.describe(),
      ...cave.describe(),
      settings: cloud.settings(),
      outbox: outbox.counts(),
    });
  }
  const { document } = health;
  const diagnose = createDiagnosis(config, { document, clock, machine, patience, stopping });
  let askRestart: (reason: string) => void = () => undefined;
  const restart = new Promise<string>((resolve) => {
    askRestart = resolve;
  });
  const onMethod = createMethods({
    control: cave.control,
    status: document,
    diagnose,
    overrideFor: config.fan.overrideFor,
    setLogLevel: temporaryLevel(log),
    reprovision: cloud.reprovision,
    restart: () => askRestart("Restart was called through the hub"),
    stopping,
  });

  signal?.throwIfAborted();
  log.info(
    { event: "starting", deviceId, source: config.sensor.source, driver: config.fan.driver },
    `starting ${deviceId}`,
  );
  const onStatus = health.onStatusSocket;
  const door = await openStatus(config, { document, diagnose, log, clock, patience, onChange: onStatus });
  onOpened(door.close);
  health.begin();
  const life = startRooms([
    { name: "state", run: state.run, afterStop: state.close },
    { name: "outbox", afterStop: () => outbox.close() },
    { name: "status", run: door.run, afterStop: door.close },
    ...cloud.rooms({
      ready: cave.control.begun,
      onMethod,
      onSettings: cave.control.reconsider,
      onChange: health.look,
      lastBoot: () => clock.now() - uptime(),
    }),
    { name: "clock", run: health.run },
    ...cave.rooms,
  ]);
  return {
    fault: life.fault,
    restart,
    status,
    reload() {
      cloud.reload();
      health.look();
    },
    async stop() {
      stopAsked.abort();
      await life.stop((room, error) =>
        log.error({ event: "stop-fault", room, ...causeOf(error) }, `${room} did not stop cleanly`),
      );
      return outbox.counts();
    },
  };
}
