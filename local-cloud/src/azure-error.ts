import { randomUUID } from "node:crypto";

/**
 * A refusal with Azure's status and six-digit code.
 * Hub codes: https://learn.microsoft.com/azure/iot-hub/troubleshoot-error-codes and the service SDKs' ErrorCode lists.
 */
export class AzureError extends Error {
  readonly status: number;
  readonly errorCode: number;
  /** Azure's name for the code, sent in the header `iothub-errorcode`. */
  readonly codeName: string;

  constructor(status: number, errorCode: number, codeName: string, message: string) {
    super(message);
    this.name = "AzureError";
    this.status = status;
    this.errorCode = errorCode;
    this.codeName = codeName;
  }
}

export const invalidArgument = (message: string) => new AzureError(400, 400004, "ArgumentInvalid", message);
export const invalidFormat = (message: string) => new AzureError(400, 400006, "IotHubFormatError", message);
export const unauthorized = (message: string) =>
  new AzureError(401, 401003, "IotHubUnauthorizedAccess", message);
export const deviceNotFound = (deviceId: string) =>
  new AzureError(404, 404001, "DeviceNotFound", `Device ${deviceId} not registered`);
export const deviceAlreadyExists = (deviceId: string) =>
  new AzureError(409, 409001, "DeviceAlreadyExists", `A device with ID '${deviceId}' is already registered.`);
export const preconditionFailed = (message: string) =>
  new AzureError(412, 412001, "PreconditionFailed", message);
export const tooLarge = (message: string) => new AzureError(413, 413001, "MessageTooLarge", message);

/** The body of a refusal on a device's MQTT reply topic. */
export function deviceErrorBody(error: AzureError, now: Date) {
  return {
    errorCode: error.errorCode,
    trackingId: randomUUID(),
    message: error.message,
    info: {},
    timestampUtc: now.toISOString(),
  };
}
