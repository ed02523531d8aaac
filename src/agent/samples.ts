import { randomUUID } from "node:crypto";
import type { Sample } from "../cave/sample.ts";
import type { Config } from "../config.ts";
import type { Measurement } from "../control.ts";
import { causeOf } from "../errors.ts";
import type { Session } from "../hub/session.ts";
import { toTelemetry } from "../hub/telemetry.ts";
import type { Clock } from "../lib/clock.ts";
import { createRate } from "../lib/rate.ts";
import type { Logger } from "../log.ts";
import { createCourier } from "../outbox/courier.ts";
import type { Outbox } from "../outbox/outbox.ts";

/** The way of the samples: into the outbox, and from there to the hub. */
export interface Samples {
  /** Keeps a measurement; an urgent one goes to the hub before all others. */
  keep(measurement: Measurement, urgent: boolean): void;
  /** Sends what waits, whenever there is a hub; resolves once `signal` aborts. Call it once. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing waits. Rejects with an AbortError. */
  drained(signal: AbortSignal): Promise<void>;
  /** Waits until the newest is kept and, if there is a hub, everything sent; for up to 1.5 s each. */
  drain(): Promise<void>;
}

export interface SamplesParts {
  deviceId: string;
  outbox: Outbox<Sample>;
  session: Pick<Session, "send" | "state" | "waitUntilOnline">;
  log: Logger;
  clock: Clock;
}

const DRAIN = 1500;

export function createSamples(
  { perSecond, inFlight }: Pick<Config["outbox"], "perSecond" | "inFlight">,
  { deviceId, outbox, session, log, clock }: SamplesParts,
): Samples {
  const run = randomUUID();
  const courier = createCourier<Sample>({
    outbox,
    async send(entry, signal) {
      const now = { run, wall: clock.now(), monotonic: clock.monotonic() };
      await session.send(toTelemetry(deviceId, entry, now), signal);
    },
    ready: (signal) => session.waitUntilOnline(signal),
    inFlight,
    rate: createRate(perSecond, clock),
    clock,
    onFailure: (error) => log.debug({ event: "send-failed", ...causeOf(error) }, "sending is interrupted"),
  });
  // The outbox takes them in order: when the last one is in, all are.
  let keeping: Promise<void> = Promise.resolve();

  async function append(measurement: Measurement, urgent: boolean): Promise<void> {
    try {
      const entry = await outbox.append({ ...measurement, run }, { urgent });
      if (urgent) courier.expedite(entry);
    } catch (error) {
      log.error({ event: "sample-lost", ...causeOf(error) }, "a sample could not be kept");
    }
  }

  return {
    keep(measurement, urgent) {
      keeping = append(measurement, urgent);
    },
    run: courier.run,
    drained: courier.drained,
    async drain() {
      await Promise.race([keeping, clock.sleep(DRAIN)]);
      if (session.state() === "online")
        await courier.drained(AbortSignal.timeout(DRAIN)).catch(() => undefined);
    },
  };
}
