import { notAllowed } from "./not-allowed.ts";

/** What the fan follows: the controller, or a fixed wish. */
export type FanMode = "auto" | "on" | "off";

/** All that the twin may set. The room keeps them valid: a value that is out of range never gets in. */
export interface Settings {
  /** °C */
  targetTemperature: number;
  /** %RH */
  targetHumidity: number;
  /** Half width of the accepted range around the target, °C. */
  temperatureBand: number;
  /** Half width of the accepted range around the target, %RH. */
  humidityBand: number;
  /** Seconds between two samples. */
  telemetryInterval: number;
  fanMode: FanMode;
}

/** What one setting may be. */
interface Rule<Value> {
  /** The allowed values in words, with their unit. */
  readonly allowed: string;
  /** The value as it enters the settings; undefined if it is not allowed. */
  parse(value: unknown): Value | undefined;
}

export interface NumberRule extends Rule<number> {
  readonly unit: string;
  readonly minimum: number;
  readonly maximum: number;
}

export interface WordRule extends Rule<FanMode> {
  readonly words: readonly FanMode[];
}

/** The rules of all settings, in the order in which a person would set them. */
export const SETTING_RULES = {
  targetTemperature: numberBetween(-10, 40, "°C"),
  targetHumidity: numberBetween(0, 100, "%RH"),
  temperatureBand: numberBetween(0.1, 20, "°C"),
  humidityBand: numberBetween(0.5, 50, "%RH"),
  telemetryInterval: numberBetween(1, 86_400, "s"),
  fanMode: oneOf(["auto", "on", "off"]),
} as const satisfies { [Key in keyof Settings]: Rule<Settings[Key]> };

/** `reason` is one line for a person: key, value, what is allowed. */
export type SettingResult<Value = Settings[keyof Settings]> =
  | { ok: true; value: Value }
  | { ok: false; reason: string };

/** True for a name that the settings have; false for what every object inherits, as `constructor`. */
export function isSettingKey(key: string): key is keyof Settings {
  return Object.hasOwn(SETTING_RULES, key);
}

/**
 * Checks one value as it came from outside. Decimal text such as "11.5" counts as a number, because Microsoft's
 * cheese-cave course sends its set points as text; words may be in any case. `null` is refused here: that it restores
 * the default is for the caller to know, who has the default.
 */
export function checkSetting<Key extends keyof Settings>(
  key: Key,
  value: unknown,
): SettingResult<Settings[Key]> {
  const rules: { readonly [K in keyof Settings]: Rule<Settings[K]> } = SETTING_RULES;
  const rule: Rule<Settings[Key]> = rules[key];
  const parsed = rule.parse(value);
  if (parsed !== undefined) return { ok: true, value: parsed };
  return { ok: false, reason: notAllowed(key, value, rule.allowed) };
}

function numberBetween(minimum: number, maximum: number, unit: string): NumberRule {
  return {
    unit,
    minimum,
    maximum,
    allowed: `a number from ${minimum} to ${maximum} ${unit}`,
    parse(value) {
      const number = typeof value === "string" ? decimal(value) : value;
      // NaN fails both comparisons.
      return typeof number === "number" && number >= minimum && number <= maximum ? number : undefined;
    },
  };
}

function oneOf(words: readonly FanMode[]): WordRule {
  return {
    words,
    allowed: `one of ${words.join(", ")}`,
    parse(value) {
      if (typeof value !== "string") return undefined;
      const wanted = value.trim().toLowerCase();
      return words.find((word) => word === wanted);
    },
  };
}

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

// Number() alone would also take "", "0x1F" and "Infinity".
function decimal(text: string): number {
  const trimmed = text.trim();
  return DECIMAL.test(trimmed) ? Number(trimmed) : Number.NaN;
}
