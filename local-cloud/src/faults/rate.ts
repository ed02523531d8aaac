export interface RateLimit {
  /** Sustained, for the whole hub. */
  messagesPerSecond: number;
  /** Messages above the rate that are still acknowledged at once. */
  burst: number;
  /** Messages above rate and burst whose PUBACK waits its turn; beyond them the connection ends. */
  queue: number;
}

export interface ThrottleCounts {
  /** Taken in and acknowledged at once. */
  passed: number;
  /** Taken in, acknowledged late. */
  delayed: number;
  /** Not taken in: the connection was ended. */
  refused: number;
}

export interface Meter {
  readonly limit: RateLimit;
  counts(): ThrottleCounts;
  /** How long the PUBACK of a message that comes now (ms, monotonic) has to wait, ms; undefined refuses it. */
  next(now: number): number | undefined;
}

/**
 * Azure's traffic shaping: what is above the limit goes through at first, then waits in a queue, then is refused.
 * https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-quotas-throttling#traffic-shaping
 */
export function createMeter(limit: RateLimit): Meter {
  const gap = 1000 / limit.messagesPerSecond;
  const counts: ThrottleCounts = { passed: 0, delayed: 0, refused: 0 };
  // When all that came so far would be through at the sustained rate.
  let through = Number.NEGATIVE_INFINITY;
  return {
    limit,
    counts: () => ({ ...counts }),
    next(now) {
      const ahead = Math.max(0, through - now) / gap;
      const waiting = Math.max(0, ahead - limit.burst);
      if (waiting > limit.queue) {
        counts.refused += 1;
        return undefined;
      }
      through = Math.max(through, now) + gap;
      if (waiting === 0) counts.passed += 1;
      else counts.delayed += 1;
      return waiting * gap;
    },
  };
}
