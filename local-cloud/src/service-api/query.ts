import type { FastifyInstance } from "fastify";
import { invalidArgument } from "../azure-error.ts";
import { isObject } from "../hub/json.ts";
import { serviceTwin } from "../hub/twins.ts";
import { boundedNumber, header } from "./headers.ts";
import type { ServiceApiOptions } from "./server.ts";

const ALL_DEVICES = /^\s*select\s+\*\s+from\s+devices\s*;?\s*$/i;
const LARGEST_PAGE = 1000;

/** `POST /devices/query`: every twin, page by page, in the order of the device ids. */
export function addQueryRoute(app: FastifyInstance, { devices, hub }: ServiceApiOptions): void {
  app.post("/devices/query", async (request, reply) => {
    const query = isObject(request.body) ? request.body.query : undefined;
    if (typeof query !== "string" || !ALL_DEVICES.test(query)) {
      throw invalidArgument(
        `query ${JSON.stringify(query)}: the local cloud supports SELECT * FROM devices alone`,
      );
    }
    const size = boundedNumber(header(request, "x-ms-max-item-count"), 100, LARGEST_PAGE);
    const after = readContinuation(header(request, "x-ms-continuation"));
    const rest = devices.all().filter((device) => device.deviceId > after);
    const page = rest.slice(0, size);
    const last = page.at(-1);
    reply.header("x-ms-item-type", "Twin");
    if (last && rest.length > page.length)
      reply.header("x-ms-continuation", writeContinuation(last.deviceId));
    return page.map((device) => serviceTwin(device, hub.isConnected(device.deviceId)));
  });
}

function writeContinuation(deviceId: string): string {
  return Buffer.from(JSON.stringify({ after: deviceId })).toString("base64url");
}

function readContinuation(token: string | undefined): string {
  if (!token) return "";
  try {
    const content: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (isObject(content) && typeof content.after === "string") return content.after;
  } catch {
    // Falls through to the refusal: no token of ours.
  }
  throw invalidArgument("x-ms-continuation is no token of this hub");
}
