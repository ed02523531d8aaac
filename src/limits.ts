import type { ResponseLimits } from "./cave/response.ts";
import type { SteerLimits } from "./cave/steer.ts";
import type { Config } from "./config.ts";
import type { RetryLimits } from "./hub/retry.ts";

/** How fast the air of a real cave may change, °C/s and %RH/s: an open door is slower. */
const FASTEST = { temperature: 0.5, humidity: 5 };

/** The limits of quality, guard and safe state that a configuration asks for. */
export function steerLimits({ sensor, fan, simulation }: Config): SteerLimits {
  // A simulated cave lives faster, and so does its air. What "auto" will find is not known yet.
  const pace = sensor.source === "sht31" ? 1 : Math.max(1, simulation.speed);
  return {
    safeState: fan.safeState,
    guard: { minimumOn: fan.minimumOn, minimumOff: fan.minimumOff, switchesPerHour: fan.switchesPerHour },
    quality: {
      temperature: { minimum: -20, maximum: 50, perSecond: FASTEST.temperature * pace },
      humidity: { minimum: 0, maximum: 100, perSecond: FASTEST.humidity * pace },
      believeAfter: { readings: 5, time: 60_000 },
      stuckAfter: sensor.stuckAfter,
      staleAfter: sensor.staleAfter,
    },
  };
}

/** What counts as an answer of the air: several times the SHT31's noise. */
export function responseLimits({ fan }: Config): ResponseLimits {
  return { responseAfter: fan.responseAfter, temperatureDrop: 0.3, humidityDrop: 1 };
}

export function retryLimits({ hub, provisioning }: Pick<Config, "hub" | "provisioning">): RetryLimits {
  const cap = hub.retryAtMost;
  return {
    // Wide from the first wait on: a hub that is away for a moment loses all its devices in the same one.
    network: { floor: hub.retryAfter / 2, base: hub.retryAfter * 3, cap },
    service: { floor: provisioning.retryAfter, base: provisioning.retryAfter * 2, cap },
    disabled: provisioning.retryDisabledAfter,
  };
}
