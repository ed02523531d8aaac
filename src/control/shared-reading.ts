import { orAborted } from "../lib/abort.ts";
import type { Clock } from "../lib/clock.ts";
import { type Deadline, withDeadline } from "../lib/deadline.ts";
import type { Reading, Sensor } from "../sensor/sensor.ts";

const SENSOR_DEADLINE: Deadline = {
  after: 5000,
  code: "SENSOR_TIMEOUT",
  awaiting: "the sensor",
  remedy: "check the bus; cave-agent doctor does",
};

/**
 * The sensor for several callers: who asks while a reading is under way gets that one, the same object, so that callers
 * never wait for each other and the loop never for them. It is called off once all have left. Two decimals. Rejects as
 * the sensor does, or with `SENSOR_TIMEOUT` after 5 s.
 */
export function createSharedReading(sensor: Sensor, clock: Clock): (signal: AbortSignal) => Promise<Reading> {
  let underWay: { reading: Promise<Reading>; callers: number; callOff: () => void } | undefined;

  function begin() {
    const ending = new AbortController();
    const reading = withDeadline(sensor.read, SENSOR_DEADLINE, clock, ending.signal).then(atTwoDecimals);
    const begun = { reading, callers: 0, callOff: () => ending.abort() };
    const end = () => {
      if (underWay === begun) underWay = undefined;
    };
    reading.then(end, end);
    return begun;
  }

  return async (signal) => {
    signal.throwIfAborted();
    underWay ??= begin();
    const mine = underWay;
    mine.callers += 1;
    try {
      return await orAborted(mine.reading, signal);
    } finally {
      mine.callers -= 1;
      if (mine.callers === 0) {
        mine.callOff();
        if (underWay === mine) underWay = undefined;
      }
    }
  };
}

const atTwoDecimals = (reading: Reading): Reading => ({
  ...reading,
  temperature: Math.round(reading.temperature * 100) / 100,
  humidity: Math.round(reading.humidity * 100) / 100,
});
