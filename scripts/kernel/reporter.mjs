/** For node --test: a line of JSON for every test that is no suite, for the table of scripts/kernel.mjs. */
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details.type === "suite") continue;
    const { name, skip, details } = data;
    const result = skip !== undefined ? "skipped" : type === "test:pass" ? "passed" : "FAILED";
    const reason = skip ?? details.error?.cause?.message ?? details.error?.message;
    yield `${JSON.stringify({ name, result, reason: reason && String(reason), seconds: details.duration_ms / 1000 })}\n`;
  }
}
