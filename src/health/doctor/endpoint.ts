/** The port of MQTT over TLS, at Azure and in IANA's list. */
const MQTT_TLS = 8883;

/** `host` or `host:port` as the configuration and the DPS write it. */
export function parseEndpoint(endpoint: string): { host: string; port: number } {
  const [host = "", port] = endpoint.split(":");
  return { host, port: port === undefined ? MQTT_TLS : Number(port) };
}
