/** The writable properties of dtmi:cheesecave:CaveGateway;1 (config/models/cavegateway-1.json). */
export const SETTINGS: readonly string[] = [
  "targetTemperature",
  "targetHumidity",
  "temperatureBand",
  "humidityBand",
  "telemetryInterval",
  "fanMode",
];
