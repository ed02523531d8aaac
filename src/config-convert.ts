import { resolve } from "node:path";
import { checkSetting, isSettingKey } from "./cave/settings.ts";
import type { Config } from "./config.ts";
import { parseBus, parseSensorAddress } from "./config-formats.ts";
import { parseLine } from "./fan/line.ts";
import { parseDuration } from "./lib/duration.ts";

/** The values as the file and the environment have them, each checked by itself. */
export type RawConfig = { [Section in keyof Config]: { [Key in keyof Config[Section]]: unknown } };

/** Durations in milliseconds, lines and addresses read, paths from `folder`. */
export function convertConfig(raw: RawConfig, folder: string): Config {
  const path = (value: unknown) => (value === "" ? "" : resolve(folder, String(value)));
  const checked = raw as Config;
  return {
    ...checked,
    device: {
      ...checked.device,
      certificateFile: path(raw.device.certificateFile),
      keyFile: path(raw.device.keyFile),
    },
    provisioning: durations(checked.provisioning, ["deadline", "retryAfter", "retryDisabledAfter"]),
    tls: { trustedCaFile: path(raw.tls.trustedCaFile) },
    hub: durations(checked.hub, ["keepAlive", "retryAfter", "retryAtMost"]),
    state: { directory: path(raw.state.directory) },
    sensor: {
      ...durations(checked.sensor, ["readEvery", "staleAfter", "stuckAfter"]),
      bus: parseBus(raw.sensor.bus) ?? 1,
      address: parseSensorAddress(raw.sensor.address) ?? "auto",
    },
    cave: { ...checked.cave, ...Object.fromEntries(Object.entries(raw.cave).map(normalizeSetting)) },
    fan: {
      ...durations(checked.fan, [
        "feedbackWithin",
        "overrideFor",
        "minimumOn",
        "minimumOff",
        "responseAfter",
      ]),
      line: parseLine(String(raw.fan.line)),
      feedbackLine: parseLine(String(raw.fan.feedbackLine)),
    },
    outbox: durations(checked.outbox, ["maxAge", "syncEvery"]),
    status: { ...checked.status, socket: path(raw.status.socket) },
  };
}

/** The section with these keys, checked to be durations by the schema, in milliseconds. */
function durations<Section extends object>(section: Section, keys: (keyof Section)[]): Section {
  const converted = keys.map((key) => [key, parseDuration(section[key])]);
  return { ...section, ...Object.fromEntries(converted) };
}

function normalizeSetting([key, value]: [string, unknown]): [string, unknown] {
  const result = isSettingKey(key) ? checkSetting(key, value) : undefined;
  return [key, result?.ok ? result.value : value];
}
