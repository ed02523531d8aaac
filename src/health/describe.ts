import type { HealthDocument } from "./document.ts";

/** Stands before a value that nothing has measured. */
const SIMULATED_MARK = "~";

type Line = [label: string, value: string];

/** A status document as lines for people, without line ends; simulated values are marked and explained. */
export function describeForPeople(document: HealthDocument): string[] {
  const lines = [...agentLines(document), ...airLines(document), ...workLines(document)];
  const width = Math.max(...lines.map(([label]) => label.length));
  const isSimulated = document.sensor.source === "simulated" || document.reading?.source === "simulated";
  return [
    ...lines.map(([label, value]) => `${label.padEnd(width)}  ${value}`),
    ...conditionLines(document),
    ...(isSimulated ? [`${SIMULATED_MARK} simulated, not measured`] : []),
  ];
}

function agentLines({ deviceId, agent, connection }: HealthDocument): Line[] {
  const hub = connection.hub === null ? "" : ` at ${connection.hub}`;
  const retry = connection.retryAt === null ? "" : `; next try by ${connection.retryAt}`;
  return [
    ["cave", deviceId],
    ["agent", `${agent.version} on Node ${agent.node}, up ${describeSeconds(agent.uptime)}`],
    [
      "connection",
      `${connection.state}${connection.state === "online" ? hub : ""} since ${connection.since}${retry}`,
    ],
    ...offlineLines(connection),
  ];
}

function offlineLines({ state, cause, code, remedy }: HealthDocument["connection"]): Line[] {
  if (state === "online") return [];
  return [
    ["", code === null ? cause : `${code}: ${cause}`],
    ...(remedy === null ? [] : [["", `→ ${remedy}`] satisfies Line]),
  ];
}

function airLines({ sensor, reading, settings }: HealthDocument): Line[] {
  const mark = (reading?.source ?? sensor.source) === "simulated" ? SIMULATED_MARK : "";
  const temperature = reading ? `${mark}${reading.temperature.toFixed(2)} °C` : "–";
  const humidity = reading ? `${mark}${reading.humidity.toFixed(2)} %RH` : "–";
  const width = Math.max(temperature.length, humidity.length);
  const wanted = (target: number, band: number, unit: string) => `target ${target} ± ${band} ${unit}`;
  const serial = sensor.serial === undefined ? "" : ` ${sensor.serial}`;
  return [
    [
      "sensor",
      `${sensor.source}${serial}, ${sensor.state}, ${sensor.quality}${sensor.fault === null ? "" : `: ${sensor.fault}`}`,
    ],
    ...faultLines(sensor.faults),
    [
      "temperature",
      `${temperature.padEnd(width)}  ${wanted(settings.targetTemperature, settings.temperatureBand, "°C")}`,
    ],
    [
      "humidity",
      `${humidity.padEnd(width)}  ${wanted(settings.targetHumidity, settings.humidityBand, "%RH")}`,
    ],
    ["read at", reading?.readAt ?? "never"],
  ];
}

function faultLines(faults: HealthDocument["sensor"]["faults"]): Line[] {
  const counts = Object.entries(faults ?? {}).flatMap(([kind, count]) =>
    count > 0 ? [`${count} ${kind}`] : [],
  );
  return counts.length > 0 ? [["", `failed tries since the start: ${counts.join(", ")}`]] : [];
}

function workLines({ fan, outbox, alerts }: HealthDocument): Line[] {
  const alarms = Object.entries(alerts).flatMap(([name, holds]) => (holds ? [name] : []));
  return [
    ["fan", describeFan(fan)],
    ["", `${fan.driver ?? "no driver"}: ${fan.detail}`],
    ["outbox", `${outbox.waiting} waiting, ${outbox.acknowledged} acknowledged, ${outbox.dropped} dropped`],
    ["alerts", alarms.join(", ") || "none"],
  ];
}

function describeFan({ state, wanted, reason, ...fan }: HealthDocument["fan"]): string {
  const wish = wanted === null || wanted === state ? "" : `, wanted ${wanted}`;
  const until = fan.overrideUntil === null ? "" : ` until ${fan.overrideUntil}`;
  const held = fan.heldUntil === null ? "" : `; held by ${fan.heldBecause} until ${fan.heldUntil}`;
  return `${state}${wish} (${reason}${until})${held}`;
}

function conditionLines({ conditions }: HealthDocument): string[] {
  if (conditions.length === 0) return ["conditions: none"];
  return [
    "conditions:",
    ...conditions.flatMap(({ code, severity, since, cause, remedy }) => [
      `  ${severity.padEnd(7)}  ${code} since ${since}`,
      `           ${cause}`,
      `           → ${remedy}`,
    ]),
  ];
}

function describeSeconds(seconds: number): string {
  const units: [number, string][] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  let rest = seconds;
  return units
    .slice(first, first + 2)
    .flatMap(([size, unit]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return count > 0 ? [`${count} ${unit}`] : [];
    })
    .join(" ");
}
