import type { AgentError } from "../errors.ts";

/** `failed` is a state, never a command: the fan did not obey. */
export type FanState = "on" | "off" | "failed";

/** What happens to the fan when nobody controls it: stop, crash, stale sensor. `hold` leaves it as it is. */
export type SafeState = "on" | "off" | "hold";

/** All that `fan.driver` may be; the default first. */
export const FAN_DRIVERS = ["auto", "sysfs", "chardev", "simulated", "none"] as const;

/**
 * What switches the fan: `/sys/class/gpio`, the GPIO character device, nothing real, or nothing at all because the cave
 * has no fan.
 */
export type FanDriver = Exclude<(typeof FAN_DRIVERS)[number], "auto">;

/** `contact`: active while the fan runs. `tachometer`: pulses while it turns. */
export const FEEDBACK_KINDS = ["contact", "tachometer"] as const;
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number];

/** The resistor inside the chip that an input gets; `as-is` leaves it as it is. */
export const PULLS = ["as-is", "up", "down", "disabled"] as const;
export type Pull = (typeof PULLS)[number];

/** What is known of the means; for the log, the status and doctor. */
export interface FanDescription {
  /** Null while none can be used. */
  driver: FanDriver | null;
  /** The lines that are its own, as configured, whether or not they could be taken; null if it has none. */
  line: string | null;
  feedbackLine: string | null;
  /** Why it is this one, and where the line was found. */
  detail: string;
  /** Why `state()` is `failed`; null if it is not. */
  fault: AgentError | null;
}

/** The port of this room. */
export interface Fan {
  /**
   * Takes the line over and leaves the fan as it is. Rejects with an AgentError (`FAN_FAILED`) if the line cannot be had;
   * `state()` is then `failed`, and `set` tries again.
   */
  open(): Promise<void>;
  /**
   * Commands the fan. Rejects with an AgentError if it does not obey (`FAN_FAILED`; `state()` is then `failed`) or there
   * is none (`FAN_ABSENT`).
   */
  set(on: boolean): Promise<void>;
  /**
   * Resolves once the feedback agrees with the newest command, at once where there is no feedback. Rejects with
   * `FAN_FAILED` if it does not within `fan.feedbackWithin`, with an AbortError once `signal` aborts.
   */
  confirmed(signal: AbortSignal): Promise<void>;
  /** What the fan is known to do now, without touching the hardware. */
  state(): FanState;
  describe(): FanDescription;
  /**
   * Puts the fan in its configured safe state and lets go of the line. It is not set again.
   * Rejects with `FAN_FAILED` if it does not get there at the second try either; called again, it tries again.
   */
  release(): Promise<void>;
}
