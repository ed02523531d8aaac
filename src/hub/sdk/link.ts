import { setTimeout as delay } from "node:timers/promises";
import device from "azure-iot-device";
import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Assignment, Credentials } from "../credentials.ts";
import { connectFailure, garbled } from "../failure.ts";
import type { DesiredProperties, JsonObject, JsonValue, MethodListener, TelemetryMessage } from "../hub.ts";
import { createMethodTransport } from "./method-transport.ts";
import { ObservedMqttBase } from "./mqtt.ts";
import { settle } from "./settle.ts";

const GOODBYE = 250;

// The SDK's NoRetry, which azure-iot-device does not pass on from azure-iot-common.
const noRetry = { shouldRetry: () => false, nextRetryTimeout: () => -1 };

/** One live connection to a hub. Not used again once `onLost` was called or `close` was. */
export interface HubLink {
  send(message: TelemetryMessage): Promise<void>;
  report(patch: JsonObject): Promise<void>;
  /** Says goodbye, and lets go of the socket within 250 ms whether or not the hub has heard it. Never rejects. */
  close(): Promise<void>;
}

/** What a link tells its owner. */
export interface LinkListener {
  /** Each desired section read (`whole`) and each patch to it. */
  onDesired(desired: DesiredProperties, whole: boolean): void;
  onMethod: MethodListener;
  onLost(cause: string): void;
}

/**
 * Connects, subscribes to methods and desired properties, and reads the twin: only then it resolves. A fresh client each
 * time: the SDK's own reconnecting loses desired properties and gives up after four minutes (azure-iot-sdk-node #885,
 * #967), so it is never asked to. When `signal` aborts meanwhile, it lets go of the socket at once.
 */
export async function connect(
  assignment: Assignment,
  { identity, trustedCaPem, modelId }: Credentials,
  keepAlive: number,
  listener: LinkListener,
  clock: Pick<Clock, "now">,
  signal: AbortSignal,
): Promise<HubLink> {
  signal.throwIfAborted();
  const options = {
    ca: trustedCaPem,
    cert: identity.certificatePem,
    key: identity.keyPem,
    keepalive: Math.round(keepAlive / 1000),
    modelId,
  };
  const base = new ObservedMqttBase(options);
  const methods = createMethodTransport(base, listener.onMethod);
  const client = device.Client.fromConnectionString(
    `HostName=${assignment.hub};DeviceId=${assignment.deviceId};x509=true`,
    methods.Transport,
  );
  client.on("error", () => undefined);
  client.setRetryPolicy(noRetry);
  let nonsense: unknown;
  const lost = new Promise<string>((resolve) => {
    client.once("disconnect", (result) => resolve(lossCause(result)));
    base.onFault = (cause) => {
      nonsense ??= cause;
      resolve(`unusable message from the hub: ${messageOf(cause)}`);
    };
  });
  const close = async () => {
    // A client that was let go must not speak to its successor's owner (azure-iot-sdk-node #965).
    client.removeAllListeners("disconnect");
    // It may never call back (azure-iot-sdk-node #1110): MQTT.js waits for each PUBACK that the hub still owes.
    const goodbye = new Promise<void>((done) => client.close(() => done()));
    await Promise.race([goodbye, delay(GOODBYE)]);
    base.destroy();
  };
  // One that is given up must not come online later and drive out its successor.
  const giveUp = () => base.destroy();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    // One call: each one overwrites all that an earlier one had set (azure-iot-sdk-node #820).
    await client.setOptions(options as Parameters<typeof client.setOptions>[0]);
    await client.open();
    await methods.serve();
    // A twin request survives the connection it was made on, and never ends (azure-iot-sdk-node #563).
    const lostEarly = lost.then((cause) => Promise.reject(new Error(cause)));
    const twin = await Promise.race([watchTwin(client, listener), lostEarly]);
    void lost.then(listener.onLost);
    return {
      send: (message) =>
        new Promise((done, fail) => client.sendEvent(toSdkMessage(message), settle(done, fail))),
      report: (patch) =>
        new Promise((done, fail) => twin.properties.reported.update(patch, settle(done, fail))),
      close,
    };
  } catch (error) {
    void close();
    if (nonsense !== undefined) throw garbled(assignment.hub, nonsense);
    throw connectFailure("hub", assignment.hub, base.connectError ?? error, { identity, at: clock.now() });
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function lossCause(result: unknown): string {
  const cause = result instanceof Object && "transportObj" in result ? result.transportObj : undefined;
  return cause ? messageOf(cause).replace(/\.$/, "") : "the connection was closed";
}

/** Subscribe first, then read: what changes between the two then arrives as a patch, and is never missed. */
async function watchTwin(client: InstanceType<typeof device.Client>, listener: LinkListener) {
  const twin = await client.getTwin();
  twin.on("error", () => undefined);
  await new Promise<void>((done, fail) => twin.enableTwinDesiredPropertiesUpdates(settle(done, fail)));
  await twin.get();
  listener.onDesired(toDesired(twin.properties.desired), true);
  twin.on("properties.desired", (patch: JsonObject) => listener.onDesired(toDesired(patch), false));
  return twin;
}

function toDesired(section: Record<string, JsonValue>): DesiredProperties {
  const { $version, $metadata: _, ...properties } = section;
  return { version: typeof $version === "number" ? $version : 0, properties };
}

/** The SDK makes JSON of every message for a debug log, also when nobody reads that. */
class BriefMessage extends device.Message {
  toJSON(): string {
    return this.messageId;
  }
}

function toSdkMessage(message: TelemetryMessage) {
  const sdkMessage = new BriefMessage(message.body);
  sdkMessage.messageId = message.messageId;
  sdkMessage.contentType = "application/json";
  sdkMessage.contentEncoding = "utf-8";
  // The SDK has no field for it; on the wire it is one more property (iothub-creation-time-utc).
  sdkMessage.properties.add("$.ctime", new Date(message.createdAt).toISOString());
  for (const [key, value] of Object.entries(message.properties)) sdkMessage.properties.add(key, value);
  return sdkMessage;
}
