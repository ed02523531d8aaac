import { randomBytes } from "node:crypto";
import { invalidArgument } from "../azure-error.ts";
import type { Authentication, AuthenticationType, DeviceIdentity, DeviceRecord } from "../hub/devices.ts";
import { isObject, type Json, type JsonObject } from "../hub/json.ts";

// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-identity-registry#device-identity-properties
const DEVICE_ID = /^[A-Za-z0-9\-:.+%_#*?!(),=@$']{1,128}$/;
const THUMBPRINT = /^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/;
const TYPES: readonly AuthenticationType[] = ["sas", "selfSigned", "certificateAuthority"];

/** A device identity as the service API gives it. */
export function identityView(device: DeviceRecord, connected: boolean) {
  return {
    deviceId: device.deviceId,
    generationId: device.generationId,
    etag: device.etag,
    connectionState: connected ? "Connected" : "Disconnected",
    status: device.status,
    statusReason: device.statusReason,
    connectionStateUpdatedTime: device.connectionStateUpdatedTime,
    statusUpdatedTime: device.statusUpdatedTime,
    lastActivityTime: device.lastActivityTime,
    cloudToDeviceMessageCount: 0,
    authentication: device.authentication,
    capabilities: { iotEdge: false },
  };
}

/** Reads the body of `PUT /devices/{id}`. @throws {AzureError} 400004. */
export function readIdentity(deviceId: string, body: unknown): DeviceIdentity {
  if (!isObject(body)) throw invalidArgument("the body must be a JSON object");
  if (!DEVICE_ID.test(deviceId)) {
    throw invalidArgument(
      `deviceId '${deviceId}': 1 to 128 ASCII letters, digits and - : . + % _ # * ? ! ( ) , = @ $ '`,
    );
  }
  if (body.deviceId !== deviceId)
    throw invalidArgument(`deviceId in the body is not '${deviceId}' of the path`);
  const status = body.status ?? "enabled";
  if (status !== "enabled" && status !== "disabled") {
    throw invalidArgument(`status is ${JSON.stringify(status)}, must be "enabled" or "disabled"`);
  }
  const statusReason = typeof body.statusReason === "string" ? body.statusReason.slice(0, 128) : null;
  return { deviceId, status, statusReason, authentication: readAuthentication(body.authentication ?? {}) };
}

function readAuthentication(value: Json): Authentication {
  if (!isObject(value)) throw invalidArgument("authentication must be an object");
  const type = TYPES.find((known) => known === (value.type ?? "sas"));
  if (!type) throw invalidArgument(`authentication.type must be one of ${TYPES.join(", ")}`);
  const symmetricKey = { primaryKey: null, secondaryKey: null };
  const x509Thumbprint = { primaryThumbprint: null, secondaryThumbprint: null };
  if (type === "sas") return { type, symmetricKey: readKeys(value.symmetricKey), x509Thumbprint };
  if (type === "selfSigned")
    return { type, symmetricKey, x509Thumbprint: readThumbprints(value.x509Thumbprint) };
  return { type, symmetricKey, x509Thumbprint };
}

/** Missing keys are made, as Azure does. */
function readKeys(value: Json | undefined) {
  const keys: JsonObject = isObject(value) ? value : {};
  const keyOf = (name: string) => {
    const key = keys[name];
    return typeof key === "string" && key !== "" ? key : randomBytes(32).toString("base64");
  };
  return { primaryKey: keyOf("primaryKey"), secondaryKey: keyOf("secondaryKey") };
}

function readThumbprints(value: Json | undefined) {
  const thumbprints: JsonObject = isObject(value) ? value : {};
  const thumbprintOf = (name: string) => {
    const thumbprint = thumbprints[name];
    if (thumbprint === undefined || thumbprint === null || thumbprint === "") return null;
    if (typeof thumbprint === "string" && THUMBPRINT.test(thumbprint)) return thumbprint;
    throw invalidArgument(`x509Thumbprint.${name} must be 40 (SHA-1) or 64 (SHA-256) hexadecimal digits`);
  };
  return {
    primaryThumbprint: thumbprintOf("primaryThumbprint"),
    secondaryThumbprint: thumbprintOf("secondaryThumbprint"),
  };
}
