import { invalidArgument } from "../azure-error.ts";
import { checkEtag, type DeviceRecord } from "./devices.ts";
import { isObject, type JsonObject } from "./json.ts";
import { deviceView, mergePatch, patchProperties, replaceProperties, serviceView } from "./properties.ts";
import { judgeSection, judgeSize, LARGEST_PROPERTIES, LARGEST_TAGS } from "./twin-limits.ts";

type TwinRecord = DeviceRecord["twin"];

/** What a service may change of a twin; what it leaves out stays. */
export interface TwinChange {
  tags: JsonObject | undefined;
  desired: JsonObject | undefined;
}

/** What a device with its subscription has to be told. */
export interface DesiredNotice {
  version: number;
  body: JsonObject;
}

/** The twin as a device reads it. */
export function deviceTwin({ twin }: DeviceRecord): JsonObject {
  return { desired: deviceView(twin.desired), reported: deviceView(twin.reported) };
}

/** The twin as the service API gives it. */
export function serviceTwin(device: DeviceRecord, connected: boolean) {
  return {
    deviceId: device.deviceId,
    etag: twinEtag(device),
    deviceEtag: device.etag,
    status: device.status,
    statusReason: device.statusReason,
    statusUpdateTime: device.statusUpdatedTime,
    connectionState: connected ? "Connected" : "Disconnected",
    lastActivityTime: device.lastActivityTime,
    cloudToDeviceMessageCount: 0,
    authenticationType: device.authentication.type,
    x509Thumbprint: device.authentication.x509Thumbprint,
    modelId: device.modelId,
    version: device.twin.version,
    tags: device.twin.tags,
    properties: { desired: serviceView(device.twin.desired), reported: serviceView(device.twin.reported) },
    capabilities: { iotEdge: false },
  };
}

export function twinEtag({ twin }: DeviceRecord): string {
  const revision = Buffer.alloc(8);
  revision.writeBigUInt64BE(BigInt(twin.revision));
  return revision.toString("base64");
}

/**
 * Takes what a service sent for a twin; other members of the document are ignored, as Azure does.
 * @throws {AzureError} 400004.
 */
export function readTwinChange(body: unknown): TwinChange {
  if (!isObject(body)) throw invalidArgument("the body must be a JSON object");
  const { tags, properties } = body;
  const desired = isObject(properties) ? properties.desired : undefined;
  if (tags !== undefined && !isObject(tags)) throw invalidArgument("tags must be an object");
  if (properties !== undefined && !isObject(properties))
    throw invalidArgument("properties must be an object");
  if (desired !== undefined && !isObject(desired))
    throw invalidArgument("properties.desired must be an object");
  return { tags, desired };
}

/** Merges (PATCH) or sets (PUT) tags and desired properties, all or nothing. @throws {AzureError} 400004, 412001, 413001. */
export function changeTwin(
  device: DeviceRecord,
  change: TwinChange,
  mode: "merge" | "replace",
  ifMatch: string | undefined,
  now: Date,
): DesiredNotice | undefined {
  checkEtag(ifMatch, twinEtag(device));
  const next = changed(device.twin, change, mode, now.toISOString());
  const before = device.twin.desired.values;
  device.twin = next;
  if (change.desired === undefined) return undefined;
  const wanted = Object.entries(change.desired).filter(([key]) => !key.startsWith("$"));
  // After a replacement the device cannot know what is gone: nulls tell it, in the language it knows from patches.
  const gone = mode === "merge" ? [] : Object.keys(before).filter((key) => !(key in next.desired.values));
  const body = Object.fromEntries([...gone.map((key): [string, null] => [key, null]), ...wanted]);
  const { version } = next.desired;
  return { version, body: { ...body, $version: version } };
}

/** @throws {AzureError} 400004, 413001. */
export function reportProperties(device: DeviceRecord, patch: JsonObject, now: Date): number {
  const fault = judgeSection("reported", patch);
  if (fault) throw fault;
  const reported = patchProperties(device.twin.reported, patch, now.toISOString(), false);
  const tooBig = judgeSize("reported properties", reported.values, LARGEST_PROPERTIES);
  if (tooBig) throw tooBig;
  device.twin = { ...device.twin, version: device.twin.version + 1, reported };
  return reported.version;
}

function changed(twin: TwinRecord, change: TwinChange, mode: "merge" | "replace", at: string): TwinRecord {
  const next = { ...twin, revision: twin.revision + 1, version: twin.version + 1 };
  if (change.tags)
    next.tags = mode === "merge" ? mergePatch(twin.tags, change.tags) : mergePatch({}, change.tags);
  if (change.desired) {
    next.desired =
      mode === "merge"
        ? patchProperties(twin.desired, change.desired, at, true)
        : replaceProperties(twin.desired, change.desired, at);
  }
  const fault =
    judgeSection("tags", change.tags ?? {}) ??
    judgeSection("desired", change.desired ?? {}) ??
    judgeSize("tags", next.tags, LARGEST_TAGS) ??
    judgeSize("desired properties", next.desired.values, LARGEST_PROPERTIES);
  if (fault) throw fault;
  return next;
}
