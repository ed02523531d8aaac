import type { EventData } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { MARK, type TestReport } from "./test-report.ts";

/** A reporter for `node --test` in a guest: what the tests write, and a line for every test that has ended. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = [];
  for await (const { type, data } of source) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    else if (type === "test:start") path.splice(data.nesting, Number.POSITIVE_INFINITY, data.name);
    else if (type === "test:pass" && data.details.type !== "suite") yield line(path, data, passed(data));
    else if (type === "test:fail" && !isOfItsParts(data)) yield line(path, data, failed(data));
  }
}

type Outcome = Pick<TestReport, "result" | "reason">;

function line(path: string[], data: EventData.TestPass | EventData.TestFail, outcome: Outcome): string {
  const { name, nesting, details } = data;
  const full = [...path.slice(0, nesting), name];
  const report: TestReport = { path: full, seconds: details.duration_ms / 1000, ...outcome };
  return `${MARK}${JSON.stringify(report)}\n`;
}

function passed({ skip }: EventData.TestPass): Outcome {
  return skip === undefined ? { result: "passed" } : { result: "skipped", reason: String(skip) };
}

function failed({ details: { error } }: EventData.TestFail): Outcome {
  const cause = error.cause ?? error;
  const reason = cause instanceof Error ? cause.stack : String(cause);
  return { result: "failed", reason: reason ?? String(cause) };
}

/** A suite, or a test with parts, that failed for no reason of its own: the part that did has told it. */
function isOfItsParts({ details: { error } }: EventData.TestFail): boolean {
  return Reflect.get(error, "failureType") === "subtestsFailed";
}
