import { randomUUID } from "node:crypto";
import { createServer } from "node:https";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { AzureError, invalidFormat, tooLarge } from "../azure-error.ts";
import type { ServerCredentials } from "../certificates/server-certificate.ts";
import { systemErrorCode } from "../errors.ts";
import type { Devices } from "../hub/devices.ts";
import type { Hub } from "../hub/hub.ts";
import type { Telemetry } from "../hub/telemetry.ts";
import { type Listener, listenOnLoopback } from "../lib/listen.ts";
import type { Logger } from "../log.ts";
import { addDeviceRoutes } from "./devices.ts";
import type { Switchboard } from "./fault-switches.ts";
import { addFaultRoutes } from "./faults.ts";
import { addQueryRoute } from "./query.ts";
import { type AccessKey, checkSas } from "./sas.ts";
import { addTelemetryRoute } from "./telemetry.ts";
import { addTwinRoutes } from "./twins.ts";

export interface ServiceApiOptions extends Switchboard {
  devices: Devices;
  hub: Hub;
  telemetry: Telemetry;
  accessKey: AccessKey;
  credentials: ServerCredentials;
  clock: () => Date;
  changed: () => void;
  log: Logger;
}

/** The hub's REST API for services, HTTPS with SAS. https://learn.microsoft.com/rest/api/iothub/service */
export async function startServiceApi(options: ServiceApiOptions, port: number): Promise<Listener> {
  const app = Fastify({ bodyLimit: 512 * 1024, routerOptions: { ignoreTrailingSlash: true } });
  const hosts = ["localhost"];
  app.addHook("onRequest", async (request) => {
    const { pathname, searchParams } = new URL(request.url, "https://localhost");
    checkSas(request.headers.authorization, options.accessKey, hosts, pathname, options.clock());
    if (!pathname.startsWith("/local-cloud/") && !searchParams.get("api-version")) {
      throw new AzureError(
        400,
        400001,
        "InvalidProtocolVersion",
        "The query parameter api-version is missing.",
      );
    }
  });
  app.setErrorHandler((error, _request, reply) =>
    refuse(reply, asAzureError(error, options.log), options.clock()),
  );
  app.setNotFoundHandler((request, reply) => {
    const text = `${request.method} ${request.url} is not supported by the local cloud`;
    refuse(reply, new AzureError(404, 404000, "NotFound", text), options.clock());
  });
  addRoutes(app, options);
  await app.ready();
  const { key, certificate: cert } = options.credentials;
  const makeServer = () =>
    createServer({ key, cert, minVersion: "TLSv1.2" }, (request, reply) => app.routing(request, reply));
  const listener = await listenOnLoopback(makeServer, port, "service API");
  hosts.push(`localhost:${listener.port}`, "127.0.0.1", `127.0.0.1:${listener.port}`);
  return {
    port: listener.port,
    async close() {
      await listener.close();
      await app.close();
    },
  };
}

function addRoutes(app: FastifyInstance, options: ServiceApiOptions): void {
  addDeviceRoutes(app, options);
  addTwinRoutes(app, options);
  addQueryRoute(app, options);
  addTelemetryRoute(app, options);
  addFaultRoutes(app, options);
}

function asAzureError(error: unknown, log: Logger): AzureError {
  if (error instanceof AzureError) return error;
  if (systemErrorCode(error) === "FST_ERR_CTP_BODY_TOO_LARGE") return tooLarge("The body is too large.");
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : 500;
  if (error instanceof Error && typeof status === "number" && status < 500)
    return invalidFormat(error.message);
  log.error({ err: error }, "service API: unexpected error");
  return new AzureError(500, 500001, "ServerError", "The local cloud failed; its log says how.");
}

/**
 * Azure writes its six digits into Message for method calls only; here `errorCode` stands beside it for every
 * refusal, so that a person with curl sees it.
 */
function refuse(reply: FastifyReply, error: AzureError, now: Date): void {
  const tracking = `Tracking ID:${randomUUID().replaceAll("-", "").toUpperCase()}-TimeStamp:${now.toISOString()}`;
  reply
    .code(error.status)
    .header("iothub-errorcode", error.codeName)
    .type("application/json; charset=utf-8")
    .send({
      Message: `ErrorCode:${error.codeName};${error.message.replaceAll(";", ",")}`,
      ExceptionMessage: tracking,
      errorCode: error.errorCode,
    });
}
