import { inspect } from "node:util";
import type { Scope } from "../support/cleanup.ts";

/** Plays a scenario in this process, which is none of the test runner's, and ends it: with code 1 if it fails. */
export async function play(scenario: (t: Scope) => Promise<void>): Promise<void> {
  const hooks: (() => Promise<void>)[] = [];
  let code = 0;
  try {
    await scenario({ after: (hook) => void hooks.push(hook) });
  } catch (error) {
    process.stderr.write(`${inspect(error)}\n`);
    code = 1;
  }
  for (const hook of hooks.reverse()) await hook();
  // The SDKs leave timers behind.
  process.exit(code);
}
