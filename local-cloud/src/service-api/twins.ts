import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { DeviceRecord } from "../hub/devices.ts";
import { readMethodCall } from "../hub/method-call.ts";
import { changeTwin, readTwinChange, serviceTwin, twinEtag } from "../hub/twins.ts";
import { header } from "./headers.ts";
import type { ServiceApiOptions } from "./server.ts";

type TwinRoute = { Params: { deviceId: string } };

/** `/twins`: read, merge and replace; and the direct methods, which Azure puts there. */
export function addTwinRoutes(app: FastifyInstance, options: ServiceApiOptions): void {
  const { devices, hub, clock, changed } = options;
  const send = (reply: FastifyReply, device: DeviceRecord) =>
    reply.header("etag", `"${twinEtag(device)}"`).send(serviceTwin(device, hub.isConnected(device.deviceId)));
  const change = async (
    request: FastifyRequest<TwinRoute>,
    reply: FastifyReply,
    mode: "merge" | "replace",
  ) => {
    const device = devices.require(request.params.deviceId);
    const notice = changeTwin(
      device,
      readTwinChange(request.body),
      mode,
      header(request, "if-match"),
      clock(),
    );
    changed();
    if (notice) hub.notifyDesired(device.deviceId, notice);
    return send(reply, device);
  };

  app.get<TwinRoute>("/twins/:deviceId", async (request, reply) =>
    send(reply, devices.require(request.params.deviceId)),
  );
  app.patch<TwinRoute>("/twins/:deviceId", (request, reply) => change(request, reply, "merge"));
  app.put<TwinRoute>("/twins/:deviceId", (request, reply) => change(request, reply, "replace"));
  app.post<TwinRoute>("/twins/:deviceId/methods", async (request) =>
    hub.invoke(request.params.deviceId, readMethodCall(request.body)),
  );
}
