const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** The agent's settings for the week. Narrow bands: the guard has to hold the fan all the time. */
export const SETTINGS = {
  CAVE_SENSOR_READ_EVERY: "60s",
  CAVE_SENSOR_STALE_AFTER: "5m",
  CAVE_CAVE_TELEMETRY_INTERVAL: "600",
  CAVE_CAVE_TEMPERATURE_BAND: "0.1",
  CAVE_CAVE_HUMIDITY_BAND: "0.5",
  CAVE_FAN_MINIMUM_ON: "12m",
  CAVE_FAN_MINIMUM_OFF: "15m",
  CAVE_FAN_SWITCHES_PER_HOUR: "3",
  CAVE_FAN_SAFE_STATE: "off",
  CAVE_SIMULATION_SPEED: "1",
  CAVE_PROVISIONING_DEADLINE: "10m",
  CAVE_PROVISIONING_RETRY_AFTER: "5s",
  CAVE_HUB_RETRY_AT_MOST: "30m",
  CAVE_OUTBOX_MAX_MEBIBYTES: "4",
};

export const MOST_BYTES = 4 * 1024 * 1024;

/** What the settings promise of the fan, milliseconds. */
export const GUARD = { minimumOn: 12 * MINUTE, minimumOff: 15 * MINUTE, switchesPerHour: 3 };
