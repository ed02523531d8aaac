import type { Report } from "./check.ts";

/** A report as a table for people, lines without line ends; a remedy stands below what it mends. */
export function describeReport({ checks, counts }: Report): string[] {
  const width = Math.max(...checks.map(({ title }) => title.length));
  const indent = " ".repeat("warning".length + width + 4);
  return [
    ...checks.flatMap(({ result, title, detail, remedy }) => [
      `${result.padEnd("warning".length)}  ${title.padEnd(width)}  ${detail}`,
      ...(remedy === undefined ? [] : [`${indent}→ ${remedy}`]),
    ]),
    "",
    `${counts.ok} ok, ${counts.warning} ${counts.warning === 1 ? "warning" : "warnings"}, ${counts.failed} failed, ${counts.skipped} skipped`,
  ];
}
