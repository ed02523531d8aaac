/**
 * The only import of the azure-iot packages: their CommonJS, callbacks and error shapes end here. Every call makes a
 * fresh SDK client and throws it away afterwards: the SDK's own reconnecting loses desired properties and gives up
 * after four minutes (azure-iot-sdk-node #885, #967), so it is never asked to.
 */
import device from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { MqttBase } from "azure-iot-mqtt-base";
import provisioning from "azure-iot-provisioning-device";
import { Mqtt as ProvisioningMqtt } from "azure-iot-provisioning-device-mqtt";
import { X509Security } from "azure-iot-security-x509";
import { AgentError, messageOf } from "../errors.ts";
import { connectFailure, type RegistrationRefusal, registrationFailure } from "./failure.ts";
import type { DesiredProperties, JsonObject, JsonValue, MethodCall, TelemetryMessage } from "./hub.ts";
import type { Identity } from "./identity.ts";

// The SDK's NoRetry, which azure-iot-device does not pass on from azure-iot-common.
const noRetry = { shouldRetry: () => false, nextRetryTimeout: () => -1 };

/** What both services need to know of us, and we of them. */
export interface Credentials {
  identity: Identity;
  /** PEM; undefined: the CAs that Node trusts. */
  trustedCaPem: string | undefined;
  /** Announced in the DPS payload and at connect: "dtmi:…;1". */
  modelId: string;
}

/** Where the DPS has sent this device. */
export interface Assignment {
  /** `host` or `host:port` of the hub. */
  hub: string;
  deviceId: string;
}

/** MQTT below the SDK, kept within reach: the SDK hides why a connection failed, and takes no CA for the DPS. */
class ObservedMqttBase extends MqttBase {
  connectError: unknown;
  /** Called when the SDK throws over an event: it parses JSON unguarded, and calls back where nobody waits any more. */
  onFault: (cause: unknown) => void = () => undefined;

  constructor(options: object) {
    super();
    super.setOptions(options);
  }

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    try {
      return super.emit(event, ...values);
    } catch (error) {
      this.onFault(event === "error" ? values[0] : error);
      return true;
    }
  }

  override connect(...[config, done]: Parameters<MqttBase["connect"]>): void {
    super.connect(config, (error, result) => {
      this.connectError = error;
      done(error, result);
    });
  }
}

/** The SDK repeats a registration that was answered 429 or 5xx for ever, and cannot be cancelled between two polls. */
class EndableProvisioning extends ProvisioningMqtt {
  private ended = false;

  end(): void {
    this.ended = true;
    this.cancel(() => this.disconnect(() => undefined));
  }

  override registrationRequest(
    ...[request, done]: Parameters<ProvisioningMqtt["registrationRequest"]>
  ): void {
    if (this.ended) {
      done(new Error("the registration was ended"));
      return;
    }
    super.registrationRequest(request, (error, result, response, interval) => {
      // "registering" is what the SDK makes of a 429 or 5xx; the service itself never says it.
      if (!error && String(result?.status) === "registering") done(throttled(interval));
      else done(error, result, response, interval);
    });
  }

  override queryOperationStatus(
    ...[request, id, done]: Parameters<ProvisioningMqtt["queryOperationStatus"]>
  ): void {
    if (this.ended) done(new Error("the registration was ended"));
    else {
      // A 429 to a poll looks like "assigning" from here: at least it must not be answered by a storm.
      super.queryOperationStatus(request, id, (error, result, response, interval = 0) =>
        done(error, result, response, Math.min(Math.max(interval || 0, SHORTEST_POLL), LONGEST_RETRY_AFTER)),
      );
    }
  }
}

const LONGEST_RETRY_AFTER = 3_600_000;
const SHORTEST_POLL = 1000;

/** `retryAfter` comes from the wire, in milliseconds. */
function throttled(asked = 0): AgentError {
  const retryAfter = Number.isFinite(asked) ? Math.min(Math.max(asked, 0), LONGEST_RETRY_AFTER) : 0;
  return new AgentError("the DPS is busy (429 or 5xx)", {
    code: "DPS_THROTTLED",
    retryable: true,
    remedy: "nothing: the agent tries again when the DPS has asked it to",
    retryAfter,
  });
}

/** Registers with the DPS at `endpoint`. Rejects with an AgentError; ends at once when `signal` aborts. */
export async function register(
  endpoint: string,
  idScope: string,
  { identity, trustedCaPem, modelId }: Credentials,
  signal: AbortSignal,
): Promise<Assignment> {
  const base = new ObservedMqttBase({ ca: trustedCaPem });
  const transport = new EndableProvisioning(base);
  // Without a listener a late transport error would end the process (azure-iot-sdk-node #807).
  transport.on("error", () => undefined);
  const security = new X509Security(identity.deviceId, {
    cert: identity.certificatePem,
    key: identity.keyPem,
  });
  const client = provisioning.ProvisioningDeviceClient.create(endpoint, idScope, transport, security);
  client.setProvisioningPayload({ modelId });
  const end = () => transport.end();
  signal.addEventListener("abort", end, { once: true });
  let fault: unknown;
  base.onFault = (cause) => {
    fault = cause;
    end();
  };
  try {
    const result = await new Promise<provisioning.RegistrationResult>((done, fail) =>
      client.register((error, value) => (value ? done(value) : fail(error))),
    );
    return assignmentIn(result);
  } catch (error) {
    if (base.connectError) throw connectFailure("DPS", endpoint, base.connectError, identity);
    if (error instanceof AgentError) throw error;
    const said =
      fault === undefined ? refusalIn(error) : { message: `no usable answer: ${messageOf(fault)}` };
    throw registrationFailure(said, idScope, identity, error);
  } finally {
    signal.removeEventListener("abort", end);
    transport.end();
  }
}

function assignmentIn({ assignedHub, deviceId }: { assignedHub?: unknown; deviceId?: unknown }): Assignment {
  if (typeof assignedHub === "string" && assignedHub && typeof deviceId === "string" && deviceId) {
    return { hub: assignedHub, deviceId };
  }
  throw new AgentError("the DPS said assigned, but named no hub", {
    code: "DPS_FAILED",
    retryable: true,
    remedy: "check that a hub is linked to the DPS; the agent tries again",
  });
}

function refusalIn(error: unknown): RegistrationRefusal {
  if (!(error instanceof Error) || !("result" in error)) return {};
  const result = error.result as RegistrationRefusal & { registrationState?: RegistrationRefusal };
  return { ...result, ...result.registrationState };
}

/** One live connection to a hub. Not used again once `onLost` was called or `close` was. */
export interface HubLink {
  send(message: TelemetryMessage): Promise<void>;
  report(patch: JsonObject): Promise<void>;
  /** Says goodbye and lets go. May never resolve (azure-iot-sdk-node #1110): wait for it with a deadline or not at all. */
  close(): Promise<void>;
}

/** What a link tells its owner. */
export interface LinkListener {
  /** Each desired section read (`whole`) and each patch to it. */
  onDesired(desired: DesiredProperties, whole: boolean): void;
  onMethod: MethodCall;
  onLost(cause: string): void;
}

/** Answers every direct method through one handler; by itself the SDK lets an unknown one time out at the caller. */
class MethodTransport extends Mqtt {
  onMethod: MethodCall | undefined;

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (typeof event !== "string" || !event.startsWith("method_") || !this.onMethod) {
      return super.emit(event, ...values);
    }
    const { requestId, body } = values[0] as { requestId: string; body: Buffer };
    const answer = (status: number, payload: JsonValue) =>
      this.sendMethodResponse(
        { requestId, status, payload } as Parameters<Mqtt["sendMethodResponse"]>[0],
        () => undefined,
      );
    answerMethod(this.onMethod, event.slice("method_".length), body, answer);
    return true;
  }
}

function answerMethod(
  onMethod: MethodCall,
  name: string,
  body: Buffer,
  answer: (status: number, payload: JsonValue) => void,
): void {
  let payload: JsonValue;
  try {
    payload = body.length === 0 ? null : (JSON.parse(body.toString("utf8")) as JsonValue);
  } catch (error) {
    answer(400, { result: `payload is not JSON: ${messageOf(error)}` });
    return;
  }
  onMethod(name, payload).then(
    (response) => answer(response.status, response.payload),
    (error) => answer(500, { result: messageOf(error) }),
  );
}

/** Connects, subscribes to methods and desired properties, and reads the twin: only then it resolves. */
export async function connect(
  assignment: Assignment,
  { identity, trustedCaPem, modelId }: Credentials,
  keepAlive: number,
  listener: LinkListener,
): Promise<HubLink> {
  const options = {
    ca: trustedCaPem,
    cert: identity.certificatePem,
    key: identity.keyPem,
    keepalive: Math.round(keepAlive / 1000),
    modelId,
  };
  const base = new ObservedMqttBase(options);
  let transport: MethodTransport | undefined;
  class Transport extends MethodTransport {
    constructor(authentication: ConstructorParameters<typeof Mqtt>[0]) {
      super(authentication, base);
      transport = this;
    }
  }
  const client = device.Client.fromConnectionString(
    `HostName=${assignment.hub};DeviceId=${assignment.deviceId};x509=true`,
    Transport,
  );
  client.on("error", () => undefined);
  client.setRetryPolicy(noRetry);
  const lost = new Promise<string>((resolve) => {
    client.once("disconnect", (result) => resolve(lossCause(result)));
    base.onFault = (cause) => resolve(`unusable message from the hub: ${messageOf(cause)}`);
  });
  const close = () => {
    client.removeAllListeners("disconnect");
    return new Promise<void>((done) => client.close(() => done()));
  };
  try {
    // One call: each one overwrites all that an earlier one had set (azure-iot-sdk-node #820).
    await client.setOptions(options as Parameters<typeof client.setOptions>[0]);
    await client.open();
    if (transport) await serveMethods(transport, listener.onMethod);
    // A twin request survives the connection it was made on, and never ends (azure-iot-sdk-node #563).
    const lostEarly = lost.then((cause) => Promise.reject(new Error(cause)));
    const twin = await Promise.race([watchTwin(client, listener), lostEarly]);
    void lost.then(listener.onLost);
    return {
      send: (message) => client.sendEvent(toSdkMessage(message)).then(() => undefined),
      report: (patch) =>
        new Promise((done, fail) => twin.properties.reported.update(patch, settle(done, fail))),
      close,
    };
  } catch (error) {
    void close();
    throw connectFailure("hub", assignment.hub, base.connectError ?? error, identity);
  }
}

function settle(done: () => void, fail: (error: Error) => void): (error?: Error) => void {
  return (error) => (error ? fail(error) : done());
}

function lossCause(result: unknown): string {
  const cause = result instanceof Object && "transportObj" in result ? result.transportObj : undefined;
  return cause ? messageOf(cause).replace(/\.$/, "") : "the connection was closed";
}

function serveMethods(transport: MethodTransport, onMethod: MethodCall): Promise<void> {
  transport.onMethod = onMethod;
  return new Promise((done, fail) => transport.enableMethods(settle(done, fail)));
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

function toSdkMessage(message: TelemetryMessage) {
  const sdkMessage = new device.Message(message.body);
  sdkMessage.messageId = message.messageId;
  sdkMessage.contentType = "application/json";
  sdkMessage.contentEncoding = "utf-8";
  // The SDK has no field for it; on the wire it is one more property (iothub-creation-time-utc).
  sdkMessage.properties.add("$.ctime", new Date(message.createdAt).toISOString());
  for (const [key, value] of Object.entries(message.properties)) sdkMessage.properties.add(key, value);
  return sdkMessage;
}
