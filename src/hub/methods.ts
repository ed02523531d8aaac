import type { Control } from "../control.ts";
import { isAgentError, messageOf } from "../errors.ts";
import type { StatusDocument } from "../health/status.ts";
import { parseFanRequest } from "./fan-request.ts";
import type { JsonObject, JsonValue, MethodCall, MethodResponse } from "./hub.ts";

/** What the direct methods act on. */
export interface MethodParts {
  control: Pick<Control, "override" | "read" | "state">;
  status: () => StatusDocument;
  /** Life of an override that names none, milliseconds. */
  overrideFor: number;
  /** Aborts when the agent stops: from then on every call is refused with 503. */
  stopping: AbortSignal;
}

type MethodHandler = (payload: JsonValue) => Promise<MethodResponse>;

const answer = (status: number, payload: JsonObject): MethodResponse => ({ status, payload });

/** One entry to all direct methods: an unknown name is answered with 404 and the names that are known. */
export function createMethods(parts: MethodParts): MethodCall {
  const handlers = new Map<string, MethodHandler>([
    ["SetFanState", (payload) => setFanState(parts, payload)],
    ["GetStatus", async () => ({ status: 200, payload: toJson(parts.status()) })],
    ["ReadSensor", () => readSensor(parts)],
  ]);
  return async (name, payload) => {
    if (parts.stopping.aborted) return answer(503, { result: "The agent is stopping" });
    const handler = handlers.get(name);
    if (handler) return handler(payload);
    return answer(404, { result: `Unknown method: known are ${[...handlers.keys()].join(", ")}` });
  };
}

/** Bodies and codes are those of Microsoft's cheese-cave course app, so that its callers keep working. */
async function setFanState(parts: MethodParts, payload: JsonValue): Promise<MethodResponse> {
  const request = parseFanRequest(payload);
  if (!request) return answer(400, { result: "Invalid parameter" });
  const { state, duration = parts.overrideFor } = request;
  try {
    await parts.control.override(
      state === "auto" ? undefined : { on: state === "on", duration },
      parts.stopping,
    );
  } catch (error) {
    if (parts.stopping.aborted) return answer(503, { result: "The agent is stopping" });
    if (isAgentError(error) && error.code === "FAN_FAILED") return answer(400, { result: "Fan failed" });
    throw error;
  }
  const { fan, overrideUntil } = parts.control.state();
  return answer(200, {
    result: "Executed direct method: SetFanState",
    fanState: fan,
    overrideUntil: overrideUntil === undefined ? null : new Date(overrideUntil).toISOString(),
  });
}

async function readSensor(parts: MethodParts): Promise<MethodResponse> {
  try {
    const { temperature, humidity, source } = await parts.control.read(parts.stopping);
    return answer(200, { temperature, humidity, source });
  } catch (error) {
    return answer(503, { result: `Sensor failed: ${messageOf(error)}` });
  }
}

function toJson(status: StatusDocument): JsonValue {
  return JSON.parse(JSON.stringify(status)) as JsonValue;
}
