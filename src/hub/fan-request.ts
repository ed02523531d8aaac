import type { JsonValue } from "./hub.ts";

/** What `SetFanState` asks for. */
export interface FanRequest {
  state: "on" | "off" | "auto";
  /** Life of the override, milliseconds; undefined: as configured. */
  duration: number | undefined;
}

const STATES = ["on", "off", "auto"] as const;
const LONGEST_OVERRIDE_MINUTES = 7 * 24 * 60;

/** What `SetFanState` takes, for whoever has sent something else. */
export const FAN_REQUESTS = `"on", "off", "auto" or {"state", "minutes"}; minutes above 0, at most ${LONGEST_OVERRIDE_MINUTES}, not with auto`;

/**
 * Reads the payload of `SetFanState`: `"on"`, `"off"`, `"auto"` in any case, quoted or not, or `{state, minutes}`.
 * Undefined for anything else: `failed` is a state, never a command.
 */
export function parseFanRequest(payload: JsonValue): FanRequest | undefined {
  if (typeof payload === "string") return fanRequest(payload, undefined);
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) return undefined;
  const { state, minutes, ...others } = payload;
  if (typeof state !== "string" || Object.keys(others).length > 0) return undefined;
  if (minutes === undefined) return fanRequest(state, undefined);
  const isTimeUsable = typeof minutes === "number" && minutes > 0 && minutes <= LONGEST_OVERRIDE_MINUTES;
  const request = isTimeUsable ? fanRequest(state, minutes * 60_000) : undefined;
  return request?.state === "auto" ? undefined : request;
}

/** The first key that `SetFanState` does not know, to be named to whoever has sent it. */
export function unknownKeyIn(payload: JsonValue): string | undefined {
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) return undefined;
  return Object.keys(payload).find((key) => key !== "state" && key !== "minutes");
}

function fanRequest(text: string, duration: number | undefined): FanRequest | undefined {
  const word = text
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .toLowerCase();
  const state = STATES.find((known) => known === word);
  return state && { state, duration };
}
