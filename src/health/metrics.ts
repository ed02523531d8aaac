import { QUALITIES } from "../cave/quality.ts";
import type { ConnectionState } from "../hub/hub.ts";
import type { HealthDocument } from "./document.ts";

/** Of the text format that `toMetrics` writes. https://prometheus.io/docs/instrumenting/exposition_formats */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Record<string, string>;
type Value = { value: number; labels?: Labels };

/** One metric: name, kind, what it is, and its values. Without a value it is left out. */
interface Family {
  name: string;
  type: "gauge" | "counter";
  help: string;
  values: Value[];
}

const CONNECTION_STATES = [
  "starting",
  "waiting-for-clock",
  "provisioning",
  "connecting",
  "online",
  "backing-off",
  "disabled",
  "stopping",
] as const satisfies readonly ConnectionState[];
const SENSOR_STATES = ["ok", "failed", "stale"] as const;
const FAN_STATES = ["on", "off", "failed"] as const;

const inSeconds = (time: string) => Date.parse(time) / 1000;
/** Prometheus asks for ratios from 0 to 1 instead of percent; the rounding takes away what the division adds. */
const asRatio = (percent: number) => Math.round(percent * 100) / 10_000;

function one(value: number, labels?: Labels): Value[] {
  return [labels ? { value, labels } : { value }];
}

/** One series a state, 1 for the one that holds. */
function oneOf(states: readonly string[], current: string, label = "state"): Value[] {
  return states.map((state) => ({ value: state === current ? 1 : 0, labels: { [label]: state } }));
}

function agentFamilies({ agent, deviceId, connection }: HealthDocument): Family[] {
  const info = { device_id: deviceId, version: agent.version, node: agent.node };
  return [
    gauge("cave_agent_info", "Which agent this is.", one(1, info)),
    gauge(
      "cave_agent_start_time_seconds",
      "When the agent started, Unix time.",
      one(inSeconds(agent.startedAt)),
    ),
    gauge("cave_agent_uptime_seconds", "How long the agent has been running.", one(agent.uptime)),
    gauge("cave_hub_connected", "1 while the hub answers.", one(connection.state === "online" ? 1 : 0)),
    gauge(
      "cave_hub_connection_state",
      "1 for the state that holds.",
      oneOf(CONNECTION_STATES, connection.state),
    ),
    gauge(
      "cave_hub_fault",
      "1 for the code of what keeps the agent from the hub.",
      connection.code === null ? [] : one(1, { code: connection.code }),
    ),
    counter("cave_hub_connects_total", "Connections made since the start.", connection.connects),
    counter(
      "cave_hub_losses_total",
      "Connections lost since the start that nobody asked to end.",
      connection.losses,
    ),
  ];
}

function airFamilies({ reading, sensor, settings, alerts }: HealthDocument): Family[] {
  // A value that nobody has measured for long, or that is not the air's, must not look like one that is: its series ends.
  const air = sensor.state === "stale" || sensor.quality === "heated" ? null : reading;
  const source = { source: air?.source ?? "" };
  return [
    gauge("cave_temperature_celsius", "Newest temperature.", air ? one(air.temperature, source) : []),
    gauge(
      "cave_humidity_ratio",
      "Newest relative humidity, 0 to 1.",
      air ? one(asRatio(air.humidity), source) : [],
    ),
    gauge(
      "cave_reading_timestamp_seconds",
      "When it was read, Unix time.",
      reading ? one(inSeconds(reading.readAt)) : [],
    ),
    gauge("cave_sensor_state", "1 for the state that holds.", oneOf(SENSOR_STATES, sensor.state)),
    gauge(
      "cave_sensor_quality",
      "1 for what the newest reading is worth.",
      oneOf(QUALITIES, sensor.quality, "quality"),
    ),
    {
      name: "cave_sensor_faults_total",
      type: "counter",
      help: "Failed tries to read the sensor since the start, also those that were followed by a good one.",
      values: Object.entries(sensor.faults ?? {}).map(([kind, value]) => ({ value, labels: { kind } })),
    },
    gauge("cave_target_temperature_celsius", "Temperature to keep.", one(settings.targetTemperature)),
    gauge("cave_temperature_band_celsius", "Allowed to either side.", one(settings.temperatureBand)),
    gauge(
      "cave_target_humidity_ratio",
      "Relative humidity to keep, 0 to 1.",
      one(asRatio(settings.targetHumidity)),
    ),
    gauge("cave_humidity_band_ratio", "Allowed to either side.", one(asRatio(settings.humidityBand))),
    gauge(
      "cave_alert",
      "1 while the alert holds.",
      Object.entries(alerts).map(([alert, holds]) => ({ value: holds ? 1 : 0, labels: { alert } })),
    ),
  ];
}

function workFamilies({ fan, outbox, conditions }: HealthDocument): Family[] {
  return [
    gauge("cave_fan_state", "1 for the state that holds.", oneOf(FAN_STATES, fan.state)),
    gauge("cave_fan_override", "1 while a person's wish holds.", one(fan.overrideUntil === null ? 0 : 1)),
    gauge("cave_outbox_waiting", "Samples that wait for the hub.", one(outbox.waiting)),
    counter("cave_outbox_taken_total", "Samples taken since the start.", outbox.taken),
    counter("cave_outbox_acknowledged_total", "Samples that the hub has.", outbox.acknowledged),
    counter("cave_outbox_dropped_total", "Samples dropped at a bound.", outbox.dropped),
    gauge(
      "cave_condition",
      "1 for each condition that holds.",
      conditions.map(({ code, severity }) => ({ value: 1, labels: { code, severity } })),
    ),
  ];
}

function gauge(name: string, help: string, values: Value[]): Family {
  return { name, type: "gauge", help, values };
}

function counter(name: string, help: string, value: number): Family {
  return { name, type: "counter", help, values: [{ value }] };
}

/** All that the status says in numbers, in Prometheus's text format 0.0.4, with its base units and suffixes. */
export function toMetrics(document: HealthDocument): string {
  return [...agentFamilies(document), ...airFamilies(document), ...workFamilies(document)]
    .filter(({ values }) => values.length > 0)
    .map(({ name, type, help, values }) => {
      const lines = values.map(({ value, labels }) => `${name}${labelText(labels)} ${value}`);
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n").concat("\n");
    })
    .join("");
}

function labelText(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
