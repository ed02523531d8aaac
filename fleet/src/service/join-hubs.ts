import { codeOf, FleetError } from "../errors.ts";
import { isHubFailure } from "./failure.ts";
import type { Service } from "./service.ts";

/** Several hubs of one DPS as one: whatever is asked of a device goes to the hub that knows it. */
export function joinHubs(services: Service[]): Service {
  const [only] = services;
  if (only && services.length === 1) return only;
  const hub = services.map((service) => service.hub).join(", ");
  /** Where each device was found last. */
  const homes = new Map<string, Service>();

  async function atHome<T>(deviceId: string, ask: (service: Service) => Promise<T>): Promise<T> {
    const home = homes.get(deviceId);
    const order = home ? [home, ...services.filter((service) => service !== home)] : services;
    let unreachable: unknown;
    for (const service of order) {
      try {
        const answer = await ask(service);
        homes.set(deviceId, service);
        return answer;
      } catch (error) {
        if (isHubFailure(error)) unreachable ??= error;
        else if (codeOf(error) !== UNKNOWN_DEVICE) throw error;
      }
    }
    // A hub that did not answer may be the one that has it.
    throw unreachable ?? unknownDevice(hub, deviceId);
  }

  return {
    hub,
    invoke: (deviceId, ...call) => atHome(deviceId, (service) => service.invoke(deviceId, ...call)),
    getTwin: (deviceId) => atHome(deviceId, (service) => service.getTwin(deviceId)),
    updateTwin: (deviceId, desired) => atHome(deviceId, (service) => service.updateTwin(deviceId, desired)),
    async devices() {
      const lists = await Promise.all(
        services.map(async (service) => {
          const ids = await service.devices();
          for (const id of ids) homes.set(id, service);
          return ids;
        }),
      );
      return [...new Set(lists.flat())].sort();
    },
    close() {
      for (const service of services) service.close();
    },
  };
}

/** IoT Hub: DeviceNotFound. */
const UNKNOWN_DEVICE = "404001";

function unknownDevice(hub: string, deviceId: string): FleetError {
  return new FleetError(`no hub of ${hub} knows a device ${deviceId}`, {
    code: UNKNOWN_DEVICE,
    remedy: "cave-fleet watch --once lists those they know",
  });
}
