import assert from "node:assert/strict";
import { initialGuard } from "#agent/cave/guard.js";
import { initialSteering } from "#agent/cave/steer.js";
import { type Control, type ControlOptions, createControl } from "#agent/control.js";
import { AgentError, isAgentError } from "#agent/errors.js";
import type { MethodCall } from "#agent/hub/hub.js";
import { createMethods } from "#agent/hub/methods.js";
import type { Reading, Sensor } from "#agent/sensor/sensor.js";
import { LOOSE_LIMITS, SETTINGS } from "../support/cave.ts";

/** What a test makes of the air, and of the sensor in it. */
export interface Air {
  temperature: number;
  humidity: number;
  fault?: string;
  heated?: true;
}

/** A sensor at the byte edge: it gives the air that the test has made, or fails. */
export function airSensor(air: Air, onRead: () => void = () => undefined): Sensor {
  return {
    async read(): Promise<Reading> {
      onRead();
      if (air.fault)
        throw new AgentError(air.fault, { code: "SENSOR_FAILED", retryable: true, remedy: "check it" });
      const { temperature, humidity, heated } = air;
      return { temperature, humidity, source: "sht31", ...(heated && { heated }) };
    },
    describe: () => ({ source: "sht31" }),
    close: async () => undefined,
  };
}

/** A control loop that runs. */
export interface Loop {
  control: Control;
  /** Aborts at its end. */
  signal: AbortSignal;
  end(): Promise<void>;
}

type Needed = Pick<ControlOptions, "sensor" | "fan" | "clock">;

/** The control loop over a fan that has been off for an hour; what a test has no use for is quiet. */
export function startLoop(options: Needed & Partial<ControlOptions>): Loop {
  const now = options.clock.monotonic();
  const control = createControl({
    readEvery: 5000,
    limits: LOOSE_LIMITS,
    response: { responseAfter: 1_800_000, temperatureDrop: 0.3, humidityDrop: 1 },
    settings: () => SETTINGS,
    initial: initialSteering(initialGuard(false, now - 3_600_000), now),
    remember: async () => undefined,
    onSample: () => undefined,
    onTick: () => undefined,
    onSensorFault: () => undefined,
    onFanFault: () => undefined,
    ...options,
  });
  const stop = new AbortController();
  const ended = control.run(stop.signal);
  return {
    control,
    signal: stop.signal,
    async end() {
      stop.abort();
      await ended;
    },
  };
}

/** The direct methods on this loop. */
export function methodsOf(control: Control): MethodCall {
  return createMethods({
    control,
    status: () => assert.fail("not asked for"),
    overrideFor: 600_000,
    diagnose: async () => ({}),
    setLogLevel: () => "info",
    reprovision: () => undefined,
    restart: () => undefined,
    stopping: new AbortController().signal,
  });
}

export const hasCode = (code: string) => (error: unknown) => isAgentError(error) && error.code === code;
