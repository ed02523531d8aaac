import { rm } from "node:fs/promises";

/** A test, or whoever else ends it. */
export interface Scope {
  after(fn: () => Promise<void>): void;
}

type Step = () => unknown;

const stepsOf = new WeakMap<Scope, Step[]>();

/**
 * Runs `step` when the test is over, the last deferred first: node:test runs hooks in the order in which they were
 * registered, and would remove a folder before what works in it is closed. A step that fails keeps no other from
 * running; the first failure is the test's.
 */
export function defer(t: Scope, step: Step): void {
  const known = stepsOf.get(t);
  if (known) {
    known.push(step);
    return;
  }
  const steps = [step];
  stepsOf.set(t, steps);
  t.after(() => runAll(steps));
}

async function runAll(steps: Step[]): Promise<void> {
  const failures: unknown[] = [];
  for (let step = steps.pop(); step; step = steps.pop()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Removes a folder, also one in which a process that has just ended still leaves a file. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
