import type { Endpoints } from "./endpoints.ts";
import type { Faults } from "./faults/faults.ts";
import type { Logger } from "./log.ts";

export type ProvisioningStatus = "enabled" | "disabled";

/** An X.509 enrolment group: whoever has a leaf under this CA may register. */
export interface EnrollmentGroupOptions {
  enrollmentGroupId: string;
  /** PEM file; the first certificate in it is the CA. */
  certificateFile: string;
  /** Default `enabled`. */
  provisioningStatus?: ProvisioningStatus | undefined;
}

export interface LocalCloudOptions {
  /** Made if it is missing; one running local cloud a folder. */
  stateDirectory: string;
  enrollmentGroups?: EnrollmentGroupOptions[] | undefined;
  /** Default: the one kept in the state folder, made at the first start. */
  idScope?: string | undefined;
  /** Names of the hubs; default one, `local-hub`. 3 to 50 letters, digits and inner hyphens each. */
  hubs?: readonly string[] | undefined;
  /** TCP ports on loopback; 0 or missing means any free one. Further hubs get the ports after the first one's. */
  ports?: { dps?: number | undefined; hub?: number | undefined; service?: number | undefined } | undefined;
  log?: Logger | undefined;
  /** Seconds that DPS asks a device to wait before it polls; default 1. */
  retryAfter?: number | undefined;
}

/** A device-to-cloud message as the hub took it in; times are ISO 8601 UTC. */
export interface ReceivedMessage {
  /** Counts from 1 over all devices since the start of the local cloud. */
  sequenceNumber: number;
  deviceId: string;
  enqueuedTimeUtc: string;
  messageId?: string;
  correlationId?: string;
  userId?: string;
  creationTimeUtc?: string;
  contentType?: string;
  contentEncoding?: string;
  /** The Plug and Play component (`$.sub`). */
  componentName?: string;
  /** Announced by the device when it connected. */
  modelId?: string;
  /** Application properties. */
  properties: Record<string, string>;
  /** The payload read as UTF-8. */
  body: string;
}

/** Since the start of the local cloud; not limited by the length of the message log. */
export interface TelemetryCounts {
  received: number;
  /** Different message ids seen. */
  unique: number;
  withoutMessageId: number;
}

export interface LocalHub {
  readonly name: string;
  /** Ends every device connection and stops to listen; registry, twins and MQTT sessions are kept. */
  stop(): Promise<void>;
  /** Listens again, on the port it had. */
  start(): Promise<void>;
  connectedDevices(): string[];
  /** Drops one device's connection; false if it had none. */
  disconnect(deviceId: string): boolean;
  /** Called for every message before it is acknowledged; returns the way to stop. */
  onTelemetry(listener: (message: ReceivedMessage) => void): () => void;
  /** The newest messages (10,000 are kept), oldest first. */
  telemetry(deviceId?: string): ReceivedMessage[];
  /** Of one device, or the sum over all. */
  telemetryCounts(deviceId?: string): TelemetryCounts;
}

export interface LocalCloud {
  readonly endpoints: Endpoints;
  readonly endpointsFile: string;
  readonly faults: Faults;
  readonly dps: {
    /** @throws {LocalCloudError} for an unknown group. */
    setProvisioningStatus(enrollmentGroupId: string, status: ProvisioningStatus): void;
    /**
     * Assigns whatever registers from now on to this hub; a device that was on another one moves there, with its twin.
     * Undefined goes back to a choice that is even over all hubs and always the same for a device.
     * @throws {LocalCloudError} for an unknown hub.
     */
    assignTo(hubName: string | undefined): void;
  };
  /** The first hub. */
  readonly hub: LocalHub;
  /** All of them, by name. */
  readonly hubs: Readonly<Record<string, LocalHub>>;
  close(): Promise<void>;
}
