import type { Life, Line } from "./life.ts";
import { type GUARD, HOUR } from "./settings.ts";

/** Body by message id, and ids that stood for two bodies. */
export interface Received {
  bodies: Map<string, string>;
  contradictions: string[];
}

/** Sequences that the agent took and the hub has not, without those that it counted as dropped. */
export function lostOf(lives: Life[], received: Received, deviceId: string): number[] {
  return takenIn(lives).filter((sequence) => !received.bodies.has(`${deviceId}-${sequence}`));
}

export function takenIn(lives: Life[]): number[] {
  return lives.flatMap(({ lines }) =>
    lines.flatMap(({ event, sequence }) => (event === "taken" && sequence !== undefined ? [sequence] : [])),
  );
}

/** Places where a life's sequences do not grow by one, or do not begin above those of the life before. */
export function disorderOf(lives: Life[]): string[] {
  let last = 0;
  return lives.flatMap((life, index) =>
    takenIn([life]).flatMap((sequence, place) => {
      const isRight = place === 0 ? sequence > last : sequence === last + 1;
      const problem = isRight ? [] : [`life ${index}: ${sequence} after ${last}`];
      last = sequence;
      return problem;
    }),
  );
}

/** A fan that came on or went off sooner, or more often, than the guard allows, over all lives. */
export function guardBreaches(lives: Life[], limits: typeof GUARD): string[] {
  const breaches: string[] = [];
  const switches: number[] = [];
  let fan: string | undefined;
  const moved = (to: string | undefined, time: number): void => {
    fan = to;
    switches.push(time);
  };
  for (const life of lives) {
    const [first, ...others] = life.lines.filter((line) => line.fan !== undefined);
    // A process that dies lets go of its fan, a simulated one begins off: no work of the guard, but it counts for it.
    if (first && first.fan !== fan) moved(first.fan, first.time);
    for (const line of others) {
      if (line.fan === fan) continue;
      breaches.push(...breachOf(line, fan, switches, limits));
      moved(line.fan, line.time);
    }
    const end = life.lines.at(-1);
    if (life.endedBy === "SIGTERM" && fan === "on" && end) moved("off", end.time);
  }
  return breaches;
}

/** The line that tells of a switch comes a little after it. */
const TOLERANCE = 1000;

function breachOf(line: Line, from: string | undefined, switches: number[], limits: typeof GUARD): string[] {
  const age = line.time - (switches.at(-1) ?? Number.NEGATIVE_INFINITY);
  const least = from === "on" ? limits.minimumOn : limits.minimumOff;
  const inAnHour = switches.filter((at) => at > line.time - HOUR + TOLERANCE).length;
  const at = new Date(line.time).toISOString();
  return [
    ...(age < least - TOLERANCE ? [`${at}: ${from} for ${age / 1000} s only`] : []),
    ...(inAnHour >= limits.switchesPerHour ? [`${at}: switch ${inAnHour + 1} within an hour`] : []),
  ];
}

export interface Growth {
  early: number;
  late: number;
}

/**
 * Bytes in the fourth hour of a life and in its last: resident, and on the heap after a collection. Undefined for a life
 * of less than eight hours.
 */
export function memoryOf({ startedAt, lines }: Life): { rss: Growth; heap: Growth } | undefined {
  const end = lines.at(-1)?.time ?? startedAt;
  if (end - startedAt < 8 * HOUR) return undefined;
  const median = (key: "rss" | "heap", from: number) => {
    const sizes = lines.flatMap((line) =>
      line[key] && line.time >= from && line.time < from + HOUR ? [line[key]] : [],
    );
    return sizes.sort((a, b) => a - b)[sizes.length >> 1] ?? Number.NaN;
  };
  const growth = (key: "rss" | "heap") => ({
    early: median(key, startedAt + 3 * HOUR),
    late: median(key, end - HOUR),
  });
  return { rss: growth("rss"), heap: growth("heap") };
}

export function droppedIn(lives: Life[]): number {
  return lives.reduce(
    (sum, { lines }) => sum + (lines.findLast(({ event }) => event === "beat")?.dropped ?? 0),
    0,
  );
}
