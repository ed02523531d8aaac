import { checkSetting, isSettingKey, type Settings } from "../cave/settings.ts";
import type { DesiredProperties, JsonObject, JsonValue } from "./hub.ts";

/** What became of desired properties: the settings that now come from the twin, and what to report about each key. */
export interface TwinOutcome {
  /** Without the defaults, which are the configuration's: kept, they would hide that it was edited. */
  held: Partial<Settings>;
  /** IoT Plug and Play acknowledgements by key: `{value, ac, av, ad}`. */
  acknowledgements: JsonObject;
  /** Keys that are not settings, long ones cut short; nothing is reported about them. */
  unknown: string[];
}

/** The settings in `content` that are still allowed, as an earlier run kept them. */
export function parseKeptSettings(content: unknown): Partial<Settings> | undefined {
  if (typeof content !== "object" || content === null) return undefined;
  const sound = Object.entries(content).flatMap(([key, value]) => {
    const result = isSettingKey(key) ? checkSetting(key, value) : undefined;
    return result?.ok ? [[key, result.value]] : [];
  });
  return Object.fromEntries(sound);
}

const SHOWN_CHARACTERS = 60;

// They go into the log: a hostile name must not make it long.
function shorten(key: string): string {
  return key.length > SHOWN_CHARACTERS ? `${key.slice(0, SHOWN_CHARACTERS)}…` : key;
}

/** The cave's settings as the twin drives them. */
export interface TwinSettings {
  current(): Settings;
  /**
   * The whole desired section, as read at connect: a setting that is not in it has its default, and is reported as the
   * device's own choice (ac 203, av 0).
   */
  replace(desired: DesiredProperties): TwinOutcome;
  /** A patch: null restores a default. Undefined if it is not newer than what is known. */
  patch(desired: DesiredProperties): TwinOutcome | undefined;
}

/**
 * Desired → settings, each key by itself: a bad one is refused with its reason and the value still in force, and
 * never blocks a good one. `kept` is what an earlier run held, so that a gateway that boots offline keeps it.
 * https://learn.microsoft.com/azure/iot/concepts-convention#writable-properties
 */
export function createTwinSettings(defaults: Settings, kept: Partial<Settings> = {}): TwinSettings {
  let held = kept;
  let settings: Settings = { ...defaults, ...held };
  let version = 0;

  function hold(next: Partial<Settings>): void {
    held = next;
    settings = { ...defaults, ...held };
  }

  function release(key: keyof Settings): void {
    const { [key]: _, ...others } = held;
    hold(others);
  }

  function apply(desired: DesiredProperties): TwinOutcome {
    const acknowledgements: JsonObject = {};
    const unknown: string[] = [];
    for (const [key, value] of Object.entries(desired.properties)) {
      if (isSettingKey(key)) acknowledgements[key] = applyOne(key, value, desired.version);
      else unknown.push(shorten(key));
    }
    version = desired.version;
    return { held, acknowledgements, unknown };
  }

  function applyOne(key: keyof Settings, value: JsonValue, av: number): JsonObject {
    if (value === null) {
      release(key);
      return { value: defaults[key], ac: 200, av, ad: "default restored" };
    }
    const result = checkSetting(key, value);
    if (!result.ok) return { value: settings[key], ac: 400, av, ad: result.reason };
    hold({ ...held, [key]: result.value });
    return { value: settings[key], ac: 200, av, ad: "applied" };
  }

  return {
    current: () => settings,
    replace(desired) {
      // A refused value keeps what was in force; only what is gone from the twin goes back to its default.
      const absent = Object.keys(defaults).filter(
        (key): key is keyof Settings => isSettingKey(key) && !Object.hasOwn(desired.properties, key),
      );
      for (const key of absent) release(key);
      const outcome = apply(desired);
      const own = absent.map((key) => [key, { value: defaults[key], ac: 203, av: 0, ad: "default" }]);
      return { ...outcome, acknowledgements: { ...Object.fromEntries(own), ...outcome.acknowledgements } };
    },
    patch: (desired) => (desired.version > version ? apply(desired) : undefined),
  };
}
