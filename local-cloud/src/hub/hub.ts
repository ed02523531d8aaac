import type { MqttService } from "../mqtt/broker.ts";
import { createConnections } from "./connections.ts";
import { createDeviceSide, DESIRED_PATCHES, type DeviceSideOptions } from "./device-side.ts";
import type { MethodCall, MethodResult } from "./method-call.ts";
import { createMethods } from "./methods.ts";
import type { DesiredNotice } from "./twins.ts";

export type HubOptions = Omit<DeviceSideOptions, "connections" | "methods">;

export interface Hub {
  readonly mqtt: MqttService;
  isConnected(deviceId: string): boolean;
  connectedDevices(): string[];
  /** False when the device was not connected. */
  disconnect(deviceId: string): boolean;
  /** Tells a connected device that its desired properties have changed. */
  notifyDesired(deviceId: string, notice: DesiredNotice): void;
  /** @throws {AzureError} 404001, 404103, 504101. */
  invoke(deviceId: string, call: MethodCall): Promise<MethodResult>;
  /** Ends every method call that waits. */
  close(): void;
}

export function createHub(options: HubOptions): Hub {
  const { devices, clock, changed, log } = options;
  const connections = createConnections(devices, clock, changed, log);
  const methods = createMethods(connections.get);
  return {
    mqtt: createDeviceSide({ ...options, connections, methods }),
    isConnected: (deviceId) => connections.get(deviceId) !== undefined,
    connectedDevices: connections.deviceIds,
    disconnect: connections.drop,
    notifyDesired(deviceId, { version, body }) {
      const session = connections.get(deviceId);
      if (!session?.isSubscribed(DESIRED_PATCHES)) return;
      session.deliver(`$iothub/twin/PATCH/properties/desired/?$version=${version}`, JSON.stringify(body));
    },
    async invoke(deviceId, call) {
      devices.require(deviceId);
      return methods.invoke(deviceId, call);
    },
    close: methods.close,
  };
}
