/** `failed` is a state, never a command: the fan did not obey. */
export type FanState = "on" | "off" | "failed";

/** What happens to the fan when nobody controls it: stop, crash, stale sensor. `hold` leaves it as it is. */
export type SafeState = "on" | "off" | "hold";

/** The port of this room. */
export interface Fan {
  /** Commands the fan. Rejects with an AgentError (`FAN_FAILED`) if it does not obey; `state()` is then `failed`. */
  set(on: boolean): Promise<void>;
  /** What the fan is known to do now, without touching the hardware. */
  state(): FanState;
  /** Puts the fan in its configured safe state and lets go of the line. It is not set again. */
  release(): Promise<void>;
}
