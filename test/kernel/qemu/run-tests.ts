import type { TestContext } from "node:test";
import { type GuestEnd, type Machine, runGuest } from "./qemu.ts";
import { readReport, type TestReport } from "./test-report.ts";

/** How much of the console is shown when a guest did not come to its end. */
const LAST_LINES = 60;

/**
 * Boots a guest whose command is `node --test` with the reporter beside this file, and tells every test in it as a part
 * of this one, as it ends. Fails too if the guest ran no test or did not come to its end.
 * @param deadline milliseconds for all of it
 */
export async function runTestsInGuest(t: TestContext, machine: Machine, deadline: number): Promise<GuestEnd> {
  let told = Promise.resolve();
  const results: TestReport["result"][] = [];
  const end = await runGuest(machine, {
    deadline,
    onLine(line) {
      const report = readReport(line);
      if (!report) return;
      results.push(report.result);
      told = told.then(() => tell(t, report));
    },
  });
  await told;
  const tail = end.console.filter((line) => !readReport(line)).slice(-LAST_LINES);
  const wrote = `its console ended with:\n${tail.join("\n")}`;
  if (end.exitCode === undefined) throw new Error(`the guest did not come to its end; ${wrote}`);
  if (results.length === 0) throw new Error(`the guest ran no test; ${wrote}`);
  if (end.exitCode !== 0 && !results.includes("failed")) {
    throw new Error(`the guest's command ended with ${end.exitCode}; ${wrote}`);
  }
  return end;
}

async function tell(t: TestContext, { path, result, reason, seconds }: TestReport): Promise<void> {
  await t.test(path.join(" › "), (part) => {
    part.diagnostic(`${seconds.toFixed(1)} s in the guest`);
    if (result === "skipped") return part.skip(reason);
    if (result === "failed") throw inGuest(reason ?? "no reason given");
  });
}

/** The stack is the guest's: the one from here would lead nowhere. */
function inGuest(stack: string): Error {
  const error = new Error(stack.split("\n")[0]);
  error.stack = stack;
  return error;
}
