// The plain way: the SDK's client and its sendEvent, the same messages from memory, the same number in flight.
import { readFileSync } from "node:fs";
import device from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { toTelemetry } from "#agent/hub/telemetry.js";
import { sampleOf } from "./sample.mjs";

export async function drainSdk({
  device: files,
  hub,
  trustedCaFile,
  inFlight,
  deviceId,
  count,
  onDelivered,
}) {
  const client = device.Client.fromConnectionString(`HostName=${hub};DeviceId=${deviceId};x509=true`, Mqtt);
  await client.setOptions({
    ca: readFileSync(trustedCaFile, "utf8"),
    cert: readFileSync(files.certificateFile, "utf8"),
    key: readFileSync(files.keyFile, "utf8"),
  });
  await client.open();
  let next = 0;
  async function sendNext() {
    while (next < count) {
      const index = next;
      next += 1;
      await client.sendEvent(messageOf(deviceId, index));
      onDelivered();
    }
  }
  return {
    run: () => Promise.all(Array.from({ length: inFlight }, sendNext)),
    close: () => client.close(),
  };
}

/** The contract's message, so that both sides give the hub the same work. */
function messageOf(deviceId, index) {
  const now = { run: "now", wall: Date.now(), monotonic: performance.now() };
  const entry = { sequence: index + 1, urgent: false, payload: sampleOf(index, "now") };
  const { body, messageId, createdAt, properties } = toTelemetry(deviceId, entry, now);
  const message = new device.Message(body);
  message.messageId = messageId;
  message.contentType = "application/json";
  message.contentEncoding = "utf-8";
  message.properties.add("$.ctime", new Date(createdAt).toISOString());
  for (const [key, value] of Object.entries(properties)) message.properties.add(key, value);
  return message;
}
