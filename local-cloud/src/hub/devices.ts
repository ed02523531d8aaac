import { randomBytes, randomUUID } from "node:crypto";
import { deviceAlreadyExists, deviceNotFound, preconditionFailed } from "../azure-error.ts";
import type { JsonObject } from "./json.ts";
import { emptyProperties, type Properties } from "./properties.ts";

export type AuthenticationType = "sas" | "selfSigned" | "certificateAuthority";

export interface Authentication {
  type: AuthenticationType;
  symmetricKey: { primaryKey: string | null; secondaryKey: string | null };
  x509Thumbprint: { primaryThumbprint: string | null; secondaryThumbprint: string | null };
}

/** A device identity and its twin, as kept; times are ISO 8601 UTC. */
export interface DeviceRecord {
  deviceId: string;
  generationId: string;
  etag: string;
  status: "enabled" | "disabled";
  statusReason: string | null;
  statusUpdatedTime: string;
  connectionStateUpdatedTime: string;
  lastActivityTime: string;
  authentication: Authentication;
  modelId: string;
  twin: { revision: number; version: number; tags: JsonObject; desired: Properties; reported: Properties };
}

/** What a service may set of an identity. */
export interface DeviceIdentity {
  deviceId: string;
  status: DeviceRecord["status"];
  statusReason: string | null;
  authentication: Authentication;
}

export interface Devices {
  get(deviceId: string): DeviceRecord | undefined;
  /** @throws {AzureError} 404001. */
  require(deviceId: string): DeviceRecord;
  /** Sorted by id. */
  all(): DeviceRecord[];
  /** @throws {AzureError} 409001. */
  create(identity: DeviceIdentity): DeviceRecord;
  /** @throws {AzureError} 404001, 412001. */
  update(identity: DeviceIdentity, ifMatch: string): DeviceRecord;
  /** @throws {AzureError} 404001, 412001. */
  delete(deviceId: string, ifMatch: string | undefined): void;
  /** What DPS does: the identity is made if it is missing, and left alone otherwise. */
  provision(deviceId: string, modelId: string | undefined): void;
}

// Azure's way to write "never".
const NEVER = "0001-01-01T00:00:00Z";

const PROVISIONED: Omit<DeviceIdentity, "deviceId"> = {
  status: "enabled",
  statusReason: null,
  authentication: {
    type: "certificateAuthority",
    symmetricKey: { primaryKey: null, secondaryKey: null },
    x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
  },
};

export function createDevices(kept: DeviceRecord[], clock: () => Date, changed: () => void): Devices {
  const devices = new Map(kept.map((device) => [device.deviceId, device]));
  const require = (deviceId: string) => {
    const device = devices.get(deviceId);
    if (!device) throw deviceNotFound(deviceId);
    return device;
  };
  const create = (identity: DeviceIdentity) => {
    if (devices.has(identity.deviceId)) throw deviceAlreadyExists(identity.deviceId);
    const device = newDevice(identity, clock().toISOString());
    devices.set(identity.deviceId, device);
    changed();
    return device;
  };
  return {
    get: (deviceId) => devices.get(deviceId),
    require,
    all: () => [...devices.values()].sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1)),
    create,
    update(identity, ifMatch) {
      const device = require(identity.deviceId);
      checkEtag(ifMatch, device.etag);
      if (device.status !== identity.status) device.statusUpdatedTime = clock().toISOString();
      Object.assign(device, identity, { etag: newEtag() });
      changed();
      return device;
    },
    delete(deviceId, ifMatch) {
      checkEtag(ifMatch, require(deviceId).etag);
      devices.delete(deviceId);
      changed();
    },
    provision(deviceId, modelId) {
      const device = devices.get(deviceId) ?? create({ deviceId, ...PROVISIONED });
      if (modelId !== undefined) device.modelId = modelId;
      changed();
    },
  };
}

/** Gives a device the twin that it had on another hub. */
export function adoptTwin(device: DeviceRecord, { modelId, twin }: DeviceRecord): void {
  device.twin = structuredClone(twin);
  if (device.modelId === "") device.modelId = modelId;
}

/** If-Match as the service SDKs send it: quoted, or `*` for any. */
export function checkEtag(ifMatch: string | undefined, current: string): void {
  const wanted = ifMatch?.replace(/^"(.*)"$/, "$1");
  if (wanted === undefined || wanted === "*" || wanted === current) return;
  throw preconditionFailed(
    `If-Match ${ifMatch} is not the current ETag "${current}": read it again and retry`,
  );
}

function newDevice(identity: DeviceIdentity, now: string): DeviceRecord {
  return {
    ...identity,
    generationId: randomUUID(),
    etag: newEtag(),
    statusUpdatedTime: NEVER,
    connectionStateUpdatedTime: NEVER,
    lastActivityTime: NEVER,
    modelId: "",
    twin: {
      revision: 1,
      version: 2,
      tags: {},
      desired: emptyProperties(now),
      reported: emptyProperties(now),
    },
  };
}

function newEtag(): string {
  return randomBytes(8).toString("base64");
}
