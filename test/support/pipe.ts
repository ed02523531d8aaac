import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, unlinkSync } from "node:fs";
import type { TestContext } from "node:test";
import { defer } from "./cleanup.ts";

/** For a thread that is within its call to `open`. */
const GRACE = 100;

/**
 * Makes `file` a pipe that nobody writes to: whoever opens it to read hangs in the kernel, until `release`, which comes
 * at the end of the test at the latest and takes the file away: who was to read and has not come to it yet, because his
 * thread had no turn, would hang for ever. Undefined where there are no such pipes: the test is skipped.
 */
export function makePipe(t: TestContext, file: string): { release(): void } | undefined {
  if (spawnSync("mkfifo", [file]).status !== 0) {
    t.skip("mkfifo makes no pipe here");
    return undefined;
  }
  const release = () => {
    const end = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
    unlinkSync(file);
    setTimeout(() => closeSync(end), GRACE);
  };
  let isReleased = false;
  const once = () => {
    if (!isReleased) release();
    isReleased = true;
  };
  defer(t, once);
  return { release: once };
}
