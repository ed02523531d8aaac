import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { messageOf } from "../errors.ts";
import type { Report } from "./doctor/check.ts";
import type { HealthDocument } from "./document.ts";
import { METRICS_CONTENT_TYPE, toMetrics } from "./metrics.ts";

/** What the routes answer from. */
export interface RouteParts {
  document: () => HealthDocument;
  /** Absent: /diagnose is not served. */
  diagnose?: (() => Promise<Report>) | undefined;
  /** Absent: any Host header is right, as on a Unix socket. */
  isAllowedHost?: ((header: string | undefined) => boolean) | undefined;
}

type Answer = { type: string; body: string };

const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";

const asJson = (value: unknown): Answer => ({ type: JSON_TYPE, body: `${JSON.stringify(value)}\n` });

/** Answers GET for /status, /metrics and /diagnose, one request a connection. */
export function createRoutes({ document, diagnose, isAllowedHost }: RouteParts): RequestListener {
  const routes = new Map<string, () => Answer | Promise<Answer>>([
    ["/status", () => asJson(document())],
    ["/metrics", () => ({ type: METRICS_CONTENT_TYPE, body: toMetrics(document()) })],
  ]);
  if (diagnose) routes.set("/diagnose", async () => asJson(await diagnose()));

  return (request, response) => {
    request.resume();
    if (isAllowedHost && !isAllowedHost(request.headers.host)) {
      return send(response, 403, { type: TEXT_TYPE, body: "only for this machine: ask localhost\n" });
    }
    const route = routes.get(pathOf(request));
    if (!route) {
      const known = [...routes.keys()].join(", ");
      return send(response, 404, { type: TEXT_TYPE, body: `there are: ${known}\n` });
    }
    if (request.method !== "GET") {
      response.setHeader("Allow", "GET");
      return send(response, 405, { type: TEXT_TYPE, body: "only GET\n" });
    }
    // A fault in describing the agent must not become a fault of the agent.
    Promise.resolve()
      .then(route)
      .then(
        (answer) => send(response, 200, answer),
        (error: unknown) => send(response, 500, { type: TEXT_TYPE, body: `${messageOf(error)}\n` }),
      );
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

function send(response: ServerResponse, status: number, { type, body }: Answer): void {
  // One answer a connection: whoever asks for many and reads none holds one small answer in memory.
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    Connection: "close",
  });
  response.end(body);
}
