import type { Quality } from "../cave/quality.ts";
import type { Reading } from "../sensor/sensor.ts";

/** One reading as `cave-agent read` gives it; with `--json`, one line each. °C and %RH, two decimals. */
export interface ReadAnswer extends Reading {
  serial?: string;
  /** What the agent thinks of it; who reads by himself has nothing to compare with. */
  quality?: Quality;
  /** ISO 8601 in UTC. */
  readAt: string;
  /** Who read the sensor: the agent that is running, or this command. */
  by: "agent" | "read";
}

/** For people: simulated values are marked. `now` is in milliseconds since 1970. */
export function describeAnswer(answer: ReadAnswer, now: number): string {
  const { temperature, humidity, source, serial, quality, heated, readAt, by } = answer;
  const mark = source === "simulated" ? "~" : "";
  const age = Math.max(0, Math.round((now - Date.parse(readAt)) / 1000));
  const remarks = [
    ...(source === "simulated" ? ["simulated, not measured"] : []),
    ...(heated ? ["the sensor may be warm of its heater: not the air"] : []),
    ...(quality !== undefined && quality !== "good" ? [quality] : []),
    ...(by === "agent" ? [`by the running agent, ${age} s ago`] : []),
  ];
  const air = `${mark}${temperature.toFixed(2)} °C  ${mark}${humidity.toFixed(2)} %RH`;
  const who = `${source}${serial === undefined ? "" : ` ${serial}`}`;
  return `${air}  ${who}${remarks.length > 0 ? `  (${remarks.join("; ")})` : ""}`;
}
