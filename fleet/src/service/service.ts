export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

export interface MethodAnswer {
  /** HTTP-like, chosen by the device: 200 done, 202 taken, 400 refused, 503 not now. */
  status: number;
  payload: JsonValue;
}

export interface DeviceTwin {
  deviceId: string;
  connected: boolean;
  modelId: string | null;
  tags: JsonObject;
  /** With `$version`, without `$metadata`. */
  desired: JsonObject;
  /** With `$version`, without `$metadata`. */
  reported: JsonObject;
}

export interface InvokeOptions {
  /** Seconds the device may take to answer, 5 to 300. */
  timeout?: number;
  /** Seconds the hub waits for an offline device to connect, 0 to 300. */
  connectTimeout?: number;
}

/** The port of this room: the service side of one hub, in our words. Every call rejects with a FleetError. */
export interface Service {
  /** Host and port, for a person. */
  readonly hub: string;
  invoke(
    deviceId: string,
    method: string,
    payload: JsonValue,
    options?: InvokeOptions,
  ): Promise<MethodAnswer>;
  getTwin(deviceId: string): Promise<DeviceTwin>;
  /**
   * Merges `desired` into the desired properties, whatever their version; null deletes a key. Resolves to the twin
   * after it.
   */
  updateTwin(deviceId: string, desired: JsonObject): Promise<DeviceTwin>;
  /** Ids of all devices, sorted. On a real hub a new device may be missing for some seconds. */
  devices(): Promise<string[]>;
  /** Closes its connections. Calls under way are rejected. */
  close(): void;
}
