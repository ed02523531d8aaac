import type { Alerts } from "../cave/alerts.ts";
import type { FanReason } from "../cave/controller.ts";
import type { Hold } from "../cave/guard.ts";
import type { Quality } from "../cave/quality.ts";
import type { AgentError } from "../errors.ts";
import type { Fan } from "../fan/fan.ts";
import type { Reading } from "../sensor/sensor.ts";

/** What the loop knows at a moment. */
export interface ControlState {
  fan: ReturnType<Fan["state"]>;
  /** Why the last command was not obeyed; undefined if it was. */
  fanFault: AgentError | undefined;
  reason: FanReason;
  /** What was decided, whether or not the fan may follow; undefined: it is to stay as it is. */
  wanted: boolean | undefined;
  /** Wall clock at which the override ends; undefined without one. */
  overrideUntil: number | undefined;
  /** Wall clock at which the fan may follow what is wanted of it, and the limit that it waits for. */
  held: Hold | undefined;
  sensor: "ok" | "failed" | "stale";
  /** Why there is no reading. */
  fault: AgentError | undefined;
  quality: Quality;
  /** The fan runs and the air does not answer. */
  noEffect: boolean;
  reading: (Reading & { readAt: number }) | undefined;
  alerts: Alerts;
}
