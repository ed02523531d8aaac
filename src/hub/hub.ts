import type { AgentError } from "../errors.ts";
import type { Identity } from "./identity.ts";

/** What the agent sends as one device-to-cloud message. */
export interface TelemetryMessage {
  /** Same id when sent again, so that the receiver can drop the double. */
  messageId: string;
  /** When it was measured, milliseconds since 1970; becomes `iothub-creation-time-utc`. */
  createdAt: number;
  /** JSON text. */
  body: string;
  /** Application properties: hub routing can query them. */
  properties: Record<string, string>;
}

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** Desired properties with their `$version`, as the hub holds them or as a patch to them. */
export interface DesiredProperties {
  version: number;
  properties: JsonObject;
}

export interface MethodResponse {
  /** HTTP-like: 200, 202, 400, 404, 503. */
  status: number;
  payload: JsonValue;
}

/** A direct method call: `payload` is parsed JSON, unchecked. */
export type MethodCall = (name: string, payload: JsonValue) => Promise<MethodResponse>;

/** One as it came: of a payload that is no JSON, the reason. */
export type MethodListener = (name: string, payload: JsonValue | SyntaxError) => Promise<MethodResponse>;

/** Where the session stands. `online` means that the hub answered within the keep-alive. */
export type ConnectionState =
  | "starting"
  | "waiting-for-clock"
  | "provisioning"
  | "connecting"
  | "online"
  | "backing-off"
  | "disabled"
  | "stopping";

/** What the session tells the rest of the agent. */
export interface HubListener {
  /** `error`: what keeps the session from being online. */
  onState(state: ConnectionState, cause: string, error?: AgentError): void;
  /** The whole desired section, read anew after every connect; `as` is who has connected. */
  onTwin(desired: DesiredProperties, as: Identity): void;
  /** A change while connected; may be older than what `onTwin` gave. */
  onDesired(patch: DesiredProperties): void;
  onMethod: MethodListener;
}

/** The port of this room: the cloud, in our words. */
export interface Hub {
  state(): ConnectionState;
  /** Resolves on PUBACK. Rejects with a retryable AgentError when offline, on loss of the connection or a deadline. */
  send(message: TelemetryMessage, signal: AbortSignal): Promise<void>;
  /** Merges `patch` into the reported properties; null deletes a key. Rejects like `send`. */
  report(patch: JsonObject, signal: AbortSignal): Promise<void>;
  /** Resolves when the session is `online`. */
  waitUntilOnline(signal: AbortSignal): Promise<void>;
}
