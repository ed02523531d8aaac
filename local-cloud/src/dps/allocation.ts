import { createHash } from "node:crypto";
import { LocalCloudError } from "../errors.ts";
import { adoptTwin, type Devices } from "../hub/devices.ts";

/** A hub that DPS may assign devices to. */
export interface LinkedHub {
  readonly name: string;
  readonly devices: Devices;
  hostName(): string;
  disconnect(deviceId: string): boolean;
}

export interface Assignment {
  assignedHub: string;
  substatus: "initialAssignment" | "deviceDataMigrated";
}

export interface Allocation {
  /**
   * Static allocation to this hub for whatever registers from now on; undefined goes back to evenly weighted.
   * @throws {LocalCloudError} for an unknown hub.
   */
  assignTo(hubName: string | undefined): void;
  /** Makes the device known to its hub. A device that `isKnown` to DPS and is on another hub moves, twin and all. */
  assign(deviceId: string, modelId: string | undefined, isKnown: boolean): Assignment;
}

/**
 * Allocation over the linked hubs, and re-provisioning as with updateHubAssignment and migrateDeviceData.
 * https://learn.microsoft.com/azure/iot-dps/concepts-device-reprovision
 */
export function createAllocation(hubs: readonly LinkedHub[]): Allocation {
  let fixed: LinkedHub | undefined;
  return {
    assignTo(hubName) {
      const hub = hubs.find(({ name }) => name === hubName);
      if (hubName !== undefined && !hub) throw unknownHub(hubName, hubs);
      fixed = hub;
    },
    assign(deviceId, modelId, isKnown) {
      const hub = fixed ?? heaviest(hubs, deviceId);
      const old = isKnown
        ? hubs.find((other) => other !== hub && other.devices.get(deviceId) !== undefined)
        : undefined;
      hub.devices.provision(deviceId, modelId);
      const assignedHub = hub.hostName();
      if (!old) return { assignedHub, substatus: "initialAssignment" };
      adoptTwin(hub.devices.require(deviceId), old.devices.require(deviceId));
      old.devices.delete(deviceId, undefined);
      old.disconnect(deviceId);
      return { assignedHub, substatus: "deviceDataMigrated" };
    },
  };
}

/** Rendezvous hashing: even, the same after every start, and a new hub takes only its share of the devices. */
function heaviest(hubs: readonly LinkedHub[], deviceId: string): LinkedHub {
  const weigh = (hub: LinkedHub) =>
    createHash("sha256").update(`${hub.name}\n${deviceId.toLowerCase()}`).digest("hex");
  return hubs.reduce((best, hub) => (weigh(hub) > weigh(best) ? hub : best));
}

function unknownHub(hubName: string, hubs: readonly LinkedHub[]): LocalCloudError {
  const known = hubs.map(({ name }) => name).join(", ");
  return new LocalCloudError("configuration", `there is no hub ${hubName}`, `linked hubs: ${known}`);
}
