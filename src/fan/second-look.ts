import type { Clock } from "../lib/clock.ts";

/** A reading of a sensor on the same bridge is over by then. Milliseconds. */
const SECOND_LOOK = 500;

/** Looks twice before it says no: asked while an I2C transfer is under way, hid-mcp2221 calls every line low. */
export async function isAt<Level>(
  level: Level,
  read: () => Promise<Level>,
  clock: Pick<Clock, "sleep">,
): Promise<boolean> {
  if ((await read()) === level) return true;
  await clock.sleep(SECOND_LOOK);
  return (await read()) === level;
}
