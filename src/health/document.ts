import type { Condition } from "./conditions.ts";
import type { StatusDocument } from "./status.ts";

/** What the status socket answers to /status: the status of one cave and what is not as it should be. */
export interface HealthDocument extends StatusDocument {
  conditions: Condition[];
}
