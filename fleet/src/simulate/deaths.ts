import type { Cave } from "./cave.ts";
import { deathOf } from "./failures.ts";

/** One line for each cave that has ended though nobody here had asked it to. */
export function deathsAmong(caves: Iterable<Cave>): string[] {
  return [...caves].flatMap((cave) => {
    const death = deathOf(cave);
    return death === undefined ? [] : [`${cave.deviceId}: ${death}`];
  });
}
