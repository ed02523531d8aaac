import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { connect as connectTls } from "node:tls";
import device from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { MqttBase } from "azure-iot-mqtt-base";
import provisioning from "azure-iot-provisioning-device";
import { Mqtt as ProvisioningMqtt } from "azure-iot-provisioning-device-mqtt";
import { X509Security } from "azure-iot-security-x509";
import iothub from "azure-iothub";
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from "#cloud/index.js";
import { defer, type Scope } from "../support/cleanup.ts";
import { createTestCa, type TestCa, temporaryDirectory } from "../support/pki.ts";

export { until } from "../support/until.ts";

export const GROUP = "cheesecave-devices";
// azure-iot-device does not pass on the NoRetry of azure-iot-common.
const NO_RETRY = { shouldRetry: () => false, nextRetryTimeout: () => -1 };

export interface Pair {
  certificatePem: string;
  keyPem: string;
}

export interface Stage {
  cloud: LocalCloud;
  ca: TestCa;
  directory: string;
}

/** A local cloud on free ports with one enrolment group, closed after the test. */
export async function startStage(t: Scope, options: Partial<LocalCloudOptions> = {}): Promise<Stage> {
  const directory = await temporaryDirectory(t);
  const ca = await createTestCa(directory);
  const cloud = await startLocalCloud({
    stateDirectory: `${directory}/state`,
    enrollmentGroups: [{ enrollmentGroupId: GROUP, certificateFile: ca.certificateFile }],
    retryAfter: 0.05,
    ...options,
  });
  defer(t, () => cloud.close());
  return { cloud, ca, directory };
}

export function trustedCa(cloud: LocalCloud): string {
  return readFileSync(cloud.endpoints.trustedCaFile, "utf8");
}

/** Registers through the unchanged provisioning SDK. */
export async function register(
  cloud: LocalCloud,
  registrationId: string,
  pair: Pair,
  options: { idScope?: string; payload?: object } = {},
): Promise<provisioning.RegistrationResult> {
  const base = new MqttBase();
  base.setOptions({ ca: trustedCa(cloud) });
  const transport = new ProvisioningMqtt(base);
  // Without a listener the SDK's own report of a dropped connection would end the process.
  transport.on("error", () => undefined);
  const security = new X509Security(registrationId, { cert: pair.certificatePem, key: pair.keyPem });
  const { dps } = cloud.endpoints;
  const client = provisioning.ProvisioningDeviceClient.create(
    dps.host,
    options.idScope ?? dps.idScope,
    transport,
    security,
  );
  if (options.payload) client.setProvisioningPayload(options.payload);
  const result = await client.register();
  if (!result) throw new Error("the SDK gave no registration");
  return result;
}

/** A device client of the unchanged SDK, connected, without a retry policy of its own. */
export async function connectDevice(
  t: Scope,
  cloud: LocalCloud,
  deviceId: string,
  pair: Pair,
  { hostName = hubOf(cloud).hostName, ...options }: { modelId?: string; hostName?: string | undefined } = {},
): Promise<device.Client> {
  const client = device.Client.fromConnectionString(
    `HostName=${hostName};DeviceId=${deviceId};x509=true`,
    Mqtt,
  );
  client.setRetryPolicy(NO_RETRY);
  await client.setOptions({ ca: trustedCa(cloud), cert: pair.certificatePem, key: pair.keyPem, ...options });
  // The SDK's close may never return on a connection that has ended (azure-iot-sdk-node #1110): nobody waits for it.
  defer(t, () => void client.close().catch(() => undefined));
  await client.open();
  return client;
}

/** A device that has registered and is connected. */
export async function joinDevice(
  t: Scope,
  stage: Stage,
  deviceId: string,
  options: { modelId?: string } = {},
) {
  const pair = await stage.ca.issueDevice({ commonName: deviceId });
  const { assignedHub: hostName } = await register(stage.cloud, deviceId, pair);
  return { pair, client: await connectDevice(t, stage.cloud, deviceId, pair, { hostName, ...options }) };
}

export function hubOf(cloud: LocalCloud) {
  const hub = cloud.endpoints.hubs[0];
  if (!hub) throw new Error("the local cloud has no hub");
  return hub;
}

export function servicePort(cloud: LocalCloud): number {
  return Number(/HostName=localhost:(\d+);/.exec(hubOf(cloud).connectionString)?.[1]);
}

interface HasRestClient {
  _restApiClient: { setOptions(options: { http: { agent: Agent } }): void };
}

/** The unchanged service SDK: it takes no port and no CA, its HTTPS agent does. */
export function serviceOf(cloud: LocalCloud, connectionString = hubOf(cloud).connectionString) {
  const port = Number(/^HostName=localhost:(\d+);/.exec(connectionString)?.[1] ?? servicePort(cloud));
  const bare = connectionString.replace(/^HostName=localhost:\d+/, "HostName=localhost");
  const registry = iothub.Registry.fromConnectionString(bare);
  const client = iothub.Client.fromConnectionString(bare);
  const ca = trustedCa(cloud);
  const agent = new Agent();
  agent.createConnection = () => connectTls({ host: "localhost", port, ca, servername: "localhost" });
  for (const sdk of [registry, client]) {
    const internals: unknown = sdk;
    (internals as HasRestClient)._restApiClient.setOptions({ http: { agent } });
  }
  return { registry, client };
}
