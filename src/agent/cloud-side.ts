import type { Sample } from "../cave/sample.ts";
import type { Settings } from "../cave/settings.ts";
import type { Config } from "../config.ts";
import type { ControlState } from "../control/state.ts";
import { causeOf } from "../errors.ts";
import { createHubEvents, type HubEventParts } from "../hub/events.ts";
import type { IdentitySource } from "../hub/identity-source.ts";
import { MODEL_ID } from "../hub/model.ts";
import { createOutboxReport } from "../hub/outbox-report.ts";
import { createReported, describeForTwin } from "../hub/reported.ts";
import { createSession, type SessionDescription } from "../hub/session.ts";
import { createTwinSettings } from "../hub/twin.ts";
import type { Clock } from "../lib/clock.ts";
import type { Room } from "../lib/lifecycle.ts";
import { everyPeriod } from "../lib/periodic.ts";
import { retryLimits } from "../limits.ts";
import type { Logger } from "../log.ts";
import type { Outbox } from "../outbox/outbox.ts";
import type { SensorDescription } from "../sensor/sensor.ts";
import type { Kept } from "../state/kept.ts";
import { createSamples, type Samples } from "./samples.ts";

/** From the outbox to the hub, and from the hub to settings and methods. */
export interface CloudSide {
  keep: Samples["keep"];
  /** Reports fan and sensor to the twin. */
  report(state: ControlState, sensor: SensorDescription): void;
  /** The settings in force. */
  settings(): Settings;
  describe(): SessionDescription;
  reprovision(): void;
  /** Takes over a new certificate now, if one is there, by a new connection; else a wait for the next try ends. */
  reload(): void;
  /** In the order in which they start. */
  rooms(listener: CloudListener): Room[];
}

/** What the cloud sets off in the agent. */
export interface CloudListener extends Pick<HubEventParts, "onMethod" | "lastBoot"> {
  /** Resolves when the session may begin: the cave comes first. Rejects as `signal` aborts. */
  ready: (signal: AbortSignal) => Promise<void>;
  /** Other settings are in force. */
  onSettings: () => void;
  /** The connection has changed, or the certificate was looked at. */
  onChange: () => void;
}

export interface CloudSideParts {
  identity: IdentitySource;
  /** PEM; undefined: the CAs that Node trusts. */
  trustedCaPem: string | undefined;
  kept: Pick<Kept, "assignment" | "settings">;
  outbox: Outbox<Sample>;
  log: Logger;
  clock: Clock;
  /** [0, 1) */
  random: () => number;
}

const CERTIFICATE_LOOK = 60_000;

export async function openCloudSide(config: Config, parts: CloudSideParts): Promise<CloudSide> {
  const { identity, trustedCaPem, kept, outbox, log, clock, random } = parts;
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
  const { deviceId } = identity.current();
  const samples = createSamples(config.outbox, { deviceId, outbox, session, log, clock });
  const reported = createReported(session, clock, (error) =>
    log.debug({ event: "report-failed", ...causeOf(error) }, "reporting is interrupted"),
  );
  const outboxReport = createOutboxReport({
    counts: outbox.counts,
    drained: samples.drained,
    reported,
    clock,
  });
  const twin = createTwinSettings(config.cave, await kept.settings.read());

  return {
    keep: samples.keep,
    report: ({ fan, reason, sensor: state }, sensor) =>
      reported.set({ fanState: fan, fanReason: reason, sensor: describeForTwin(sensor, state) }),
    settings: twin.current,
    describe: session.describe,
    reprovision: session.reprovision,
    reload() {
      if (identity.reload()) {
        session.reconnect("a new certificate was installed");
        return;
      }
      log.info({ event: "reload" }, "SIGHUP: there is no new certificate; a wait for the next try ends");
      session.tryNow();
    },
    rooms({ ready, onMethod, onSettings, onChange, lastBoot }) {
      const events = createHubEvents({
        log,
        session,
        twin,
        reported,
        outboxReport,
        onMethod,
        onSettings(held) {
          onSettings();
          void kept.settings.write(held);
        },
        onTransition: onChange,
        lastBoot,
      });
      const lookAtCertificate = async () => {
        identity.reload();
        onChange();
      };
      return [
        {
          name: "session",
          async run(signal) {
            // On a small gateway the SDK's first steps keep the event loop for seconds, in which the fan's and the sensor's
            // deadlines would pass unseen.
            await ready(signal).catch(() => undefined);
            await session.run(events, signal);
          },
        },
        { name: "reported", run: reported.run },
        { name: "outbox report", run: outboxReport.run },
        { name: "courier", run: samples.run, beforeStop: samples.drain },
        {
          name: "certificate",
          run: (signal) => everyPeriod(() => CERTIFICATE_LOOK, lookAtCertificate, clock, signal),
        },
      ];
    },
  };
}
