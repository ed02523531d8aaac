import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { isIP } from "node:net";
import { connect } from "node:tls";
import azure from "azure-iothub";
import { FleetError, messageOf } from "../errors.ts";
import { parseConnectionString, type ServiceAddress } from "./connection-string.ts";
import { type Attempt, failure } from "./failure.ts";
import type { DeviceTwin, JsonObject, JsonValue, MethodAnswer, Service } from "./service.ts";

/** Seconds beyond what the hub itself was given: the SDK arms a socket timer but never acts on it. */
const GRACE = 10;
const REST_TIMEOUT = 30;
const METHOD_TIMEOUT = 30;
const PAGE_SIZE = 100;

/**
 * The service side of a hub, through azure-iothub. Opens no connection by itself.
 * @param connectionString as Azure gives it; a port in its HostName is allowed
 * @param options.trustedCaFile PEM of the only CA to trust, for a local cloud; without it, those that Node trusts
 * @throws FleetError USAGE for a broken string, CA_UNREADABLE
 */
export function openService(connectionString: string, options: { trustedCaFile?: string } = {}): Service {
  const address = parseConnectionString(connectionString);
  const registry = azure.Registry.fromConnectionString(address.connectionString);
  const client = azure.Client.fromConnectionString(address.connectionString);
  // A tool that a person waits for reports a failure at once; the SDK's default would repeat a call for four minutes.
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => -1 });
  const agent = agentFor(address, options.trustedCaFile);
  useAgent(registry, agent);
  useAgent(client, agent);
  const hub = address.port === 443 ? address.host : `${address.host}:${address.port}`;
  return service({ hub, registry, client, agent });
}

interface Sdk {
  hub: string;
  registry: azure.Registry;
  client: azure.Client;
  agent: Agent;
}

function service({ hub, registry, client, agent }: Sdk): Service {
  const ask = <T>(attempt: Omit<Attempt, "hub">, seconds: number, call: () => Promise<T>): Promise<T> =>
    withDeadline({ hub, ...attempt }, seconds, call);
  return {
    hub,
    invoke: (deviceId, method, payload, { timeout = METHOD_TIMEOUT, connectTimeout = 0 } = {}) =>
      ask({ deviceId, method, timeout }, timeout + connectTimeout + GRACE, async () => {
        const { result } = await client.invokeDeviceMethod(deviceId, {
          methodName: method,
          payload,
          responseTimeoutInSeconds: timeout,
          connectTimeoutInSeconds: connectTimeout,
        });
        return answerOf(result);
      }),
    getTwin: (deviceId) =>
      ask({ deviceId }, REST_TIMEOUT, async () => twinOf((await registry.getTwin(deviceId)).responseBody)),
    updateTwin: (deviceId, desired) =>
      ask({ deviceId }, REST_TIMEOUT, async () => {
        const patch = { properties: { desired } };
        return twinOf((await registry.updateTwin(deviceId, patch, "*")).responseBody);
      }),
    devices: () => ask({}, REST_TIMEOUT, () => listDevices(registry)),
    close: () => agent.destroy(),
  };
}

async function withDeadline<T>(attempt: Attempt, seconds: number, call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const remedy = "check the network, and try again";
      reject(
        new FleetError(`${attempt.hub} did not answer within ${seconds} s`, { code: "ETIMEDOUT", remedy }),
      );
    }, seconds * 1000);
  });
  try {
    return await Promise.race([call(), late]);
  } catch (error) {
    throw failure(error, attempt);
  } finally {
    clearTimeout(timer);
  }
}

async function listDevices(registry: azure.Registry): Promise<string[]> {
  const query = registry.createQuery("SELECT * FROM devices", PAGE_SIZE);
  const ids: string[] = [];
  do {
    const page = await query.nextAsTwin();
    ids.push(...page.result.map((twin) => twin.deviceId));
  } while (query.hasMoreResults);
  return ids.sort();
}

/** The SDK can be told neither port nor CA; what it does take is the agent that makes its connections. */
function agentFor(address: ServiceAddress, trustedCaFile: string | undefined): Agent {
  const ca = trustedCaFile === undefined ? {} : { ca: readCa(trustedCaFile) };
  if (address.port === 443) return new Agent({ keepAlive: true, ...ca });
  const agent = new Agent({ keepAlive: true });
  const { host, port } = address;
  agent.createConnection = () => connect({ host, port, servername: isIP(host) ? "" : host, ...ca });
  return agent;
}

/** Registry and Client keep their REST client private, and offer no other way to an agent of one's own. */
function useAgent(owner: object, agent: Agent): void {
  const rest: unknown = Reflect.get(owner, "_restApiClient");
  const setOptions: unknown = typeof rest === "object" && rest !== null && Reflect.get(rest, "setOptions");
  if (typeof setOptions !== "function") {
    throw new FleetError("this release of azure-iothub is not the one cave-fleet was made for", {
      code: "SDK_CHANGED",
      remedy: "install the release that package-lock.json names: npm ci",
    });
  }
  setOptions.call(rest, { http: { agent } });
}

function readCa(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const remedy = "give the PEM file of the CA that signed the hub's certificate";
    throw new FleetError(`cannot read ${file}: ${messageOf(cause)}`, {
      code: "CA_UNREADABLE",
      remedy,
      cause,
    });
  }
}

function answerOf(result: unknown): MethodAnswer {
  const { status, payload } = objectOf(result);
  return { status: typeof status === "number" ? status : 0, payload: payload ?? null };
}

function twinOf(twin: azure.Twin): DeviceTwin {
  const state: unknown = Reflect.get(twin, "connectionState");
  return {
    deviceId: twin.deviceId,
    connected: state === "Connected",
    modelId: twin.modelId || null,
    tags: objectOf(twin.tags),
    desired: withoutMetadata(twin.properties.desired),
    reported: withoutMetadata(twin.properties.reported),
  };
}

function withoutMetadata(section: unknown): JsonObject {
  const { $metadata: _, ...rest } = objectOf(section);
  return rest;
}

/** What the SDK parsed from JSON is JSON; this only makes sure of its outermost shape. */
function objectOf(value: unknown): JsonObject {
  const isObject = (v: unknown): v is Record<string, JsonValue> =>
    typeof v === "object" && v !== null && !Array.isArray(v);
  return isObject(value) ? value : {};
}
