import type { Settings } from "../cave/settings.ts";
import type { Config } from "../config.ts";
import type { ControlState } from "../control/state.ts";
import { type Control, type ControlOptions, createControl } from "../control.ts";
import { openFan } from "../fan/open.ts";
import type { StatusParts } from "../health/status.ts";
import type { Clock } from "../lib/clock.ts";
import type { Room } from "../lib/lifecycle.ts";
import { everyPeriod } from "../lib/periodic.ts";
import { responseLimits, steerLimits } from "../limits.ts";
import { createControlLog } from "../log/control.ts";
import { createFanLog } from "../log/fan.ts";
import { createSensorLog } from "../log/sensor.ts";
import type { Logger } from "../log.ts";
import type { OpenI2cAdapter } from "../sensor/i2c-bus.ts";
import { openSensor } from "../sensor/open.ts";
import type { SensorDescription } from "../sensor/sensor.ts";
import type { Kept } from "../state/kept.ts";
import { fanRecord, restoreSteering } from "../state/steering.ts";
import { createFanTakeover } from "./fan-takeover.ts";

/** From sensor to fan, whether or not there is a cloud. */
export interface CaveSide {
  control: Control;
  describe(): Pick<StatusParts, "sensor" | "fan" | "notTaken" | "control">;
  /** In the order in which they start. */
  rooms: Room[];
}

export interface CaveSideParts {
  kept: Pick<Kept, "fan" | "sensor">;
  settings: () => Settings;
  openAdapter: OpenI2cAdapter;
  log: Logger;
  clock: Clock;
  onSample: ControlOptions["onSample"];
  /** After every reading. */
  onTick: (state: ControlState, sensor: SensorDescription) => void;
  /** The fan was taken, has failed, or has recovered. */
  onChange: () => void;
  /** Aborts when the agent stops. */
  stopping: AbortSignal;
}

const FAN_RECORD = 300_000;

export async function openCaveSide(config: Config, parts: CaveSideParts): Promise<CaveSide> {
  const { kept, settings, log, clock, stopping } = parts;
  const fan = openFan(config.fan, {
    clock,
    sensorSource: config.sensor.source,
    ...createFanLog(log, config.sensor.source, parts.onChange),
  });
  const sensor = openSensor(config.sensor, config.simulation, {
    clock,
    fanOn: () => fan.state() === "on",
    openAdapter: parts.openAdapter,
    answered: kept.sensor,
    ...createSensorLog(log),
  });
  const restored = await restoreSteering(kept.fan, clock, log);
  const takeover = createFanTakeover({ fan, restored, log, clock, stopping });
  const controlLog = createControlLog(log);
  const control = createControl({
    ...controlLog,
    sensor,
    fan,
    clock,
    initial: restored.initial,
    takeFan: takeover.take,
    readEvery: config.sensor.readEvery,
    limits: steerLimits(config),
    response: responseLimits(config),
    settings,
    remember: (steering) => kept.fan.write(fanRecord(steering, clock)),
    onSample: parts.onSample,
    onTick(state) {
      controlLog.onTick(state);
      parts.onTick(state, sensor.describe());
    },
  });
  const remember = async () => control.remember();
  return {
    control,
    describe: () => ({
      sensor: sensor.describe(),
      fan: fan.describe(),
      notTaken: takeover.fault(),
      control: control.state(),
    }),
    rooms: [
      { name: "sensor", afterStop: () => sensor.close() },
      { name: "fan", afterStop: () => control.release() },
      { name: "fan record", run: (signal) => everyPeriod(() => FAN_RECORD, remember, clock, signal) },
      { name: "control", run: control.run },
    ],
  };
}
