import type { FastifyInstance, FastifyReply } from "fastify";
import type { DeviceRecord } from "../hub/devices.ts";
import { boundedNumber, header } from "./headers.ts";
import { identityView, readIdentity } from "./identity.ts";
import type { ServiceApiOptions } from "./server.ts";

type DeviceRoute = { Params: { deviceId: string } };

/** `/devices`: the identity registry. */
export function addDeviceRoutes(app: FastifyInstance, { devices, hub }: ServiceApiOptions): void {
  const send = (reply: FastifyReply, device: DeviceRecord) =>
    reply.header("etag", `"${device.etag}"`).send(identityView(device, hub.isConnected(device.deviceId)));

  app.get<{ Querystring: { top?: string } }>("/devices", async (request) => {
    // Azure gives 1,000 at most; `SELECT * FROM devices` is the way to more.
    const top = boundedNumber(request.query.top, 1000, 1000);
    return devices
      .all()
      .slice(0, top)
      .map((device) => identityView(device, hub.isConnected(device.deviceId)));
  });

  app.get<DeviceRoute>("/devices/:deviceId", async (request, reply) =>
    send(reply, devices.require(request.params.deviceId)),
  );

  app.put<DeviceRoute>("/devices/:deviceId", async (request, reply) => {
    const identity = readIdentity(request.params.deviceId, request.body);
    const ifMatch = header(request, "if-match");
    // Without If-Match it is a creation:
    // https://learn.microsoft.com/rest/api/iothub/service/devices/create-or-update-identity
    const device = ifMatch === undefined ? devices.create(identity) : devices.update(identity, ifMatch);
    if (device.status === "disabled") hub.disconnect(device.deviceId);
    return send(reply, device);
  });

  app.delete<DeviceRoute>("/devices/:deviceId", async (request, reply) => {
    const { deviceId } = request.params;
    devices.delete(deviceId, header(request, "if-match"));
    hub.disconnect(deviceId);
    return reply.code(204).send();
  });
}
