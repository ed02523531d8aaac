/** What the host is told of one test in the guest: a line on the console, `@test` and this as JSON. */
export interface TestReport {
  /** Names of the suites and tests that it lies in, then its own. */
  path: string[];
  result: "passed" | "failed" | "skipped";
  /** Why it was skipped, or its error with the stack. */
  reason?: string;
  seconds: number;
}

export const MARK = "@test ";

/** The report in a line of the console, if it has one. */
export function readReport(line: string): TestReport | undefined {
  return line.startsWith(MARK) ? (JSON.parse(line.slice(MARK.length)) as TestReport) : undefined;
}
