import { notAllowed, SHOWN_CHARACTERS, show } from "../cave/not-allowed.ts";
import type { JsonValue } from "./hub.ts";

/** What `SetFanState` asks for. */
export interface FanRequest {
  state: "on" | "off" | "auto";
  /** Life of the override, milliseconds; undefined: as configured. */
  duration: number | undefined;
}

/** Why a payload is none. */
export interface FanRefusal {
  /** One line for a person: field, value, what is allowed. */
  reason: string;
  /** The first key that is not known, cut short. */
  unknown?: string;
}

const STATES = ["on", "off", "auto"] as const;
const LONGEST_OVERRIDE_MINUTES = 7 * 24 * 60;
const WORDS = '"on", "off", "auto"';
const SHAPES = `${WORDS} or {"state", "minutes"}`;
const MINUTES = `above 0, at most ${LONGEST_OVERRIDE_MINUTES}`;

/** What `SetFanState` takes, for whoever has sent something else. */
export const FAN_REQUESTS = `${SHAPES}; minutes ${MINUTES}, not with auto`;

/**
 * Reads the payload of `SetFanState`: `"on"`, `"off"`, `"auto"` in any case, quoted or not, or `{state, minutes}`.
 * Refuses anything else: `failed` is a state, never a command.
 */
export function parseFanRequest(payload: JsonValue): FanRequest | FanRefusal {
  if (typeof payload === "string") return fanRequest(payload, undefined);
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) {
    return { reason: `${show(payload)} is not allowed; give ${SHAPES}` };
  }
  const { state, minutes, ...others } = payload;
  const unknown = Object.keys(others)[0]?.slice(0, SHOWN_CHARACTERS);
  if (unknown !== undefined) return { reason: `${show(unknown)} is not known; give ${SHAPES}`, unknown };
  if (minutes === undefined) return fanRequest(state, undefined);
  const isTimeUsable = typeof minutes === "number" && minutes > 0 && minutes <= LONGEST_OVERRIDE_MINUTES;
  if (!isTimeUsable) return { reason: notAllowed("minutes", minutes, MINUTES) };
  const request = fanRequest(state, minutes * 60_000);
  const isAuto = "state" in request && request.state === "auto";
  return isAuto ? { reason: `minutes: ${minutes} is not allowed with auto; leave it out` } : request;
}

function fanRequest(given: JsonValue | undefined, duration: number | undefined): FanRequest | FanRefusal {
  const word = typeof given === "string" ? plain(given) : undefined;
  const state = STATES.find((known) => known === word);
  return state ? { state, duration } : { reason: notAllowed("state", given, WORDS) };
}

function plain(text: string): string {
  return text
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .toLowerCase();
}
