import type { FastifyInstance } from "fastify";
import { invalidArgument } from "../azure-error.ts";
import type { ServiceApiOptions } from "./server.ts";

type TelemetryRoute = { Querystring: { deviceId?: string; after?: string } };

/** Not Azure's: the newest messages as NDJSON, where Azure has an Event Hubs endpoint (AMQP). */
export function addTelemetryRoute(app: FastifyInstance, { telemetry }: ServiceApiOptions): void {
  app.get<TelemetryRoute>("/local-cloud/telemetry", async (request, reply) => {
    const { deviceId, after = "0" } = request.query;
    if (!/^\d{1,15}$/.test(after)) throw invalidArgument(`after is '${after}', must be a sequence number`);
    const lines = telemetry
      .messages(deviceId, Number(after))
      .map((message) => `${JSON.stringify(message)}\n`);
    return reply
      .type("application/x-ndjson; charset=utf-8")
      .header("local-cloud-last-sequence-number", telemetry.lastSequenceNumber())
      .send(lines.join(""));
  });
}
