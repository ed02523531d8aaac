import { AzureError, invalidArgument, tooLarge } from "../azure-error.ts";
import { isObject, type Json } from "./json.ts";

export interface MethodCall {
  methodName: string;
  payload: Json;
  /** Seconds, 5 to 300. */
  responseTimeout: number;
  /** Seconds, 0 to 300: how long to wait for a device that is offline. */
  connectTimeout: number;
}

export interface MethodResult {
  status: number;
  payload: Json;
}

export const LARGEST_METHOD_PAYLOAD = 128 * 1024;
// Method names: US-ASCII printable without separators.
// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-direct-methods#method-invocation-for-iot-devices
const METHOD_NAME = /^[!#%&'*+.^_`|~A-Za-z0-9-]{1,100}$/;

/** Reads the body of `POST /twins/{id}/methods`. @throws {AzureError} 400004, 413001. */
export function readMethodCall(body: unknown): MethodCall {
  if (!isObject(body)) throw invalidArgument("the body must be a JSON object");
  const { methodName, payload = null } = body;
  if (typeof methodName !== "string" || !METHOD_NAME.test(methodName)) {
    throw invalidArgument(
      `methodName ${JSON.stringify(methodName)}: 1 to 100 printable ASCII characters, no separators`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(payload)) > LARGEST_METHOD_PAYLOAD) {
    throw tooLarge(`the payload is larger than ${LARGEST_METHOD_PAYLOAD} bytes`);
  }
  return {
    methodName,
    payload,
    responseTimeout: seconds("responseTimeoutInSeconds", body.responseTimeoutInSeconds ?? 30, 5),
    connectTimeout: seconds("connectTimeoutInSeconds", body.connectTimeoutInSeconds ?? 0, 0),
  };
}

function seconds(name: string, value: Json, least: number): number {
  if (typeof value === "number" && value >= least && value <= 300) return value;
  throw invalidArgument(`${name} is ${JSON.stringify(value)}, must be a number from ${least} to 300`);
}

/** A device's answer, or why it cannot be passed on. */
export function readMethodResponse(status: string, payload: Buffer): MethodResult | AzureError {
  const code = Number(status);
  try {
    if (!Number.isInteger(code)) throw new Error(`status '${status}' is no integer`);
    const text = payload.toString("utf8");
    return { status: code, payload: text === "" ? null : (JSON.parse(text) as Json) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return new AzureError(
      502,
      502000,
      "BadDeviceResponse",
      `The device's response cannot be read: ${reason}`,
    );
  }
}

export function notOnline(connectTimeout: number): AzureError {
  const text =
    connectTimeout > 0
      ? `Timed out after ${connectTimeout} s waiting for the device to connect.`
      : "The operation failed because the requested device isn't online or hasn't registered the direct method callback.";
  return new AzureError(404, 404103, "DeviceNotOnline", text);
}

export function timedOut(responseTimeout: number): AzureError {
  return new AzureError(
    504,
    504101,
    "GatewayTimeout",
    `Timed out after ${responseTimeout} s waiting for the response from the device.`,
  );
}
