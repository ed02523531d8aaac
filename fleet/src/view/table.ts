import type { Row } from "./row.ts";

const RIGHT = new Set(["temperature", "humidity", "acknowledged"]);
const HEADERS = ["cave", "temperature", "humidity", "fan", "connection", "acknowledged"] as const;

/** Stands before a number that nothing has measured. */
const SIMULATED_MARK = "~";
/** The line below the table that says so. */
export const SIMULATED_LEGEND = `${SIMULATED_MARK} simulated, not measured`;

export interface TableSize {
  /** Characters in a line; longer lines are cut. */
  columns: number;
  /** Lines altogether; caves beyond are counted, not shown. */
  lines: number;
}

const UNBOUNDED: TableSize = { columns: Number.POSITIVE_INFINITY, lines: Number.POSITIVE_INFINITY };

/** The table as lines without line ends: a header, one line a cave, and what its marks mean. */
export function renderTable(rows: Row[], size: TableSize = UNBOUNDED): string[] {
  const footer = rows.some((row) => row.simulated) ? [SIMULATED_LEGEND] : [];
  const room = Math.max(1, size.lines - footer.length - 1);
  const shown = rows.length > room ? rows.slice(0, room - 1) : rows;
  if (shown.length < rows.length) footer.unshift(`… and ${rows.length - shown.length} more caves`);
  const cells = shown.map(cellsOf);
  const widths = HEADERS.map((header, column) =>
    Math.max(header.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const table = [[...HEADERS], ...cells].map((line) => join(line, widths));
  const lines = table.map((line, index) => withProblem(line, index === 0 ? undefined : shown[index - 1]));
  return [...lines, ...footer].map((line) => cut(line, size.columns));
}

function cellsOf(row: Row): string[] {
  const mark = row.simulated ? SIMULATED_MARK : "";
  return [
    row.cave,
    row.temperature === null ? "–" : `${mark}${row.temperature.toFixed(2)} °C`,
    row.humidity === null ? "–" : `${mark}${row.humidity.toFixed(2)} %`,
    row.fan === null ? "–" : row.fanReason === null ? row.fan : `${row.fan} (${row.fanReason})`,
    row.connection,
    row.acknowledged === null ? "–" : String(row.acknowledged),
  ];
}

function join(line: string[], widths: number[]): string {
  const padded = line.map((cell, column) => {
    const width = widths[column] ?? 0;
    return RIGHT.has(HEADERS[column] ?? "") ? cell.padStart(width) : cell.padEnd(width);
  });
  return padded.join("  ").trimEnd();
}

function withProblem(line: string, row: Row | undefined): string {
  return row?.problem ? `${line}  ${row.problem}` : line;
}

function cut(line: string, columns: number): string {
  return line.length > columns ? `${line.slice(0, Math.max(1, columns - 1))}…` : line;
}
