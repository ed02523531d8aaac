import { notAllowed, SHOWN_CHARACTERS, show } from "../cave/not-allowed.ts";
import type { ControlState } from "../control/state.ts";
import type { Control } from "../control.ts";
import { causeOf, isAgentError, messageOf } from "../errors.ts";
import type { StatusDocument } from "../health/status.ts";
import { LOG_LEVELS, type LogLevel } from "../log.ts";
import { FAN_REQUESTS, parseFanRequest } from "./fan-request.ts";
import type { JsonValue, MethodCall, MethodResponse } from "./hub.ts";

/** What the direct methods act on. */
export interface MethodParts {
  control: Pick<Control, "override" | "read" | "state">;
  status: () => StatusDocument;
  /** Life of an override that names none, milliseconds. */
  overrideFor: number;
  /** Doctor's report. */
  diagnose: () => Promise<object>;
  /** Sets the log level for so many milliseconds; resolves to the one before. */
  setLogLevel: (level: LogLevel, duration: number) => LogLevel;
  reprovision: () => void;
  restart: () => void;
  /** Aborts when the agent stops: from then on every call is refused with 503. */
  stopping: AbortSignal;
}

/** Milliseconds for an answer to leave. */
const ACT_AFTER = 500;

type MethodHandler = (payload: JsonValue) => Promise<MethodResponse>;

const answer = (status: number, payload: JsonValue): MethodResponse => ({ status, payload });

/** One entry to all direct methods: an unknown name is answered with 404 and the names that are known. */
export function createMethods(parts: MethodParts): MethodCall {
  const handlers = new Map<string, MethodHandler>([
    ["SetFanState", (payload) => setFanState(parts, payload)],
    alone("GetStatus", async () => answer(200, toJson(parts.status()))),
    alone("ReadSensor", () => readSensor(parts)),
    alone("Diagnose", async () => answer(200, toJson(await parts.diagnose()))),
    ["SetLogLevel", async (payload) => setLogLevel(parts, payload)],
    alone("Reprovision", async () => later(parts.reprovision)),
    alone("Restart", async () => later(parts.restart)),
  ]);
  return async (name, payload) => {
    if (parts.stopping.aborted) return answer(503, { result: "The agent is stopping" });
    const handler = handlers.get(name);
    if (handler) return handler(payload);
    return answer(404, { result: `Unknown method: known are ${[...handlers.keys()].join(", ")}` });
  };
}

/** A method that takes no payload: a wish that it cannot know of must not pass for heard. */
function alone(name: string, act: () => Promise<MethodResponse>): [string, MethodHandler] {
  return [
    name,
    async (payload) => {
      const given = givenIn(payload);
      if (given === undefined) return act();
      return answer(400, { result: `Invalid parameter: ${name} takes no payload; ${given} was given` });
    },
  ];
}

/** What there is in a payload that should be none: the first key, or the value; undefined if nothing is. */
function givenIn(payload: JsonValue): string | undefined {
  // A field that is left empty in a tool comes as "".
  if (payload === null || payload === "") return undefined;
  if (typeof payload === "string") return JSON.stringify(payload.slice(0, SHOWN_CHARACTERS));
  if (typeof payload !== "object") return String(payload);
  if (Array.isArray(payload)) return "a list";
  const [key] = Object.keys(payload);
  return key === undefined ? undefined : JSON.stringify(key.slice(0, SHOWN_CHARACTERS));
}

/** Status by the code of what speaks against a wish. */
const REFUSALS: Record<string, number> = { FAN_HELD: 400, FAN_ABSENT: 400, CONTROL_BUSY: 503 };

/** Bodies and codes are those of Microsoft's cheese-cave course app, so that its callers keep working. */
async function setFanState(parts: MethodParts, payload: JsonValue): Promise<MethodResponse> {
  const request = parseFanRequest(payload);
  if ("reason" in request) {
    return answer(400, { result: "Invalid parameter", ...request, allowed: FAN_REQUESTS });
  }
  const { state, duration = parts.overrideFor } = request;
  let outcome: ControlState;
  try {
    const wish = state === "auto" ? undefined : { on: state === "on", duration };
    outcome = await parts.control.override(wish, parts.stopping);
  } catch (error) {
    if (parts.stopping.aborted) return answer(503, { result: "The agent is stopping" });
    if (isAgentError(error) && error.code === "FAN_FAILED") {
      const { code, message: cause, remedy } = error;
      return answer(400, { result: "Fan failed", code, cause, remedy });
    }
    if (isAgentError(error) && error.code in REFUSALS) {
      const { code, message: result, remedy } = error;
      return answer(REFUSALS[code] ?? 400, { result, code, remedy });
    }
    throw error;
  }
  const { fan, overrideUntil, held } = outcome;
  const fanNow = { fanState: fan, overrideUntil: isoOrNull(overrideUntil) };
  if (!held) return answer(200, { result: "Executed direct method: SetFanState", ...fanNow });
  // The wish is kept, but the fan's minimum times come first: whoever asked is not told "executed".
  const waiting = { heldUntil: isoOrNull(held.until), heldBecause: held.cause };
  return answer(202, { result: "Accepted direct method: SetFanState", ...fanNow, ...waiting });
}

function isoOrNull(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}

const LONGEST_LEVEL_MINUTES = 24 * 60;

const LOG_MINUTES = `above 0, at most ${LONGEST_LEVEL_MINUTES}`;

function setLogLevel(parts: MethodParts, payload: JsonValue): MethodResponse {
  const allowed = `{"level": ${LOG_LEVELS.join("|")}, "minutes": ${LOG_MINUTES}}`;
  const refuse = (reason: string) => answer(400, { result: `Invalid parameter: ${reason}` });
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) {
    return refuse(`${show(payload)} was given; give ${allowed}`);
  }
  const { level, minutes = 60, ...others } = payload;
  const unknown = Object.keys(others)[0]?.slice(0, SHOWN_CHARACTERS);
  if (unknown !== undefined) return refuse(`${show(unknown)} is not known; give ${allowed}`);
  const known = LOG_LEVELS.find((word) => word === level);
  if (!known) return refuse(notAllowed("level", level, `one of ${LOG_LEVELS.join(", ")}`));
  const isTimeUsable = typeof minutes === "number" && minutes > 0 && minutes <= LONGEST_LEVEL_MINUTES;
  if (!isTimeUsable) return refuse(notAllowed("minutes", minutes, LOG_MINUTES));
  return answer(200, { old: parts.setLogLevel(known, minutes * 60_000), new: known });
}

/** Answers first: what is asked for ends the connection that the answer takes. */
function later(act: () => void): MethodResponse {
  setTimeout(act, ACT_AFTER);
  return answer(202, { result: "Accepted" });
}

async function readSensor(parts: MethodParts): Promise<MethodResponse> {
  try {
    const { temperature, humidity, source, heated } = await parts.control.read(parts.stopping);
    return answer(200, { temperature, humidity, source, ...(heated && { heated }) });
  } catch (error) {
    return answer(503, { result: `Sensor failed: ${messageOf(error)}`, ...causeOf(error) });
  }
}

function toJson(document: object): JsonValue {
  return JSON.parse(JSON.stringify(document)) as JsonValue;
}
