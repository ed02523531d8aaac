import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import type { TestContext } from "node:test";
import { defer } from "./cleanup.ts";

/**
 * Makes `file` a pipe that nobody writes to: whoever opens it to read hangs in the kernel, until `release`, which comes
 * at the end of the test at the latest. Undefined where there are no such pipes: the test is skipped.
 */
export function makePipe(t: TestContext, file: string): { release(): void } | undefined {
  if (spawnSync("mkfifo", [file]).status !== 0) {
    t.skip("mkfifo makes no pipe here");
    return undefined;
  }
  const release = () => closeSync(openSync(file, constants.O_RDWR | constants.O_NONBLOCK));
  let isReleased = false;
  const once = () => {
    if (!isReleased) release();
    isReleased = true;
  };
  defer(t, once);
  return { release: once };
}
