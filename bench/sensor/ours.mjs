import { systemClock } from "#agent/lib/clock.js";
import { openSht31 } from "#agent/sensor/open.js";

const NEVER = new AbortController().signal;

/** The agent's driver, as the control loop reads it. */
export async function openOurs() {
  const config = { source: "sht31", bus: 1, address: "auto", humidityOffset: 0, heater: "off" };
  const sensor = openSht31(config, { clock: systemClock });
  return { read: () => sensor.read(NEVER), close: () => sensor.close() };
}
