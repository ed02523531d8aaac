import type { WriteStream } from "node:tty";
import type { Row } from "./row.ts";
import { createScreen } from "./screen.ts";
import { renderTable, SIMULATED_LEGEND } from "./table.ts";

/** Shows the caves again and again. */
export interface TableView {
  /** True if `show` overwrites what it showed before. */
  readonly inPlace: boolean;
  show(rows: Row[]): void;
  /** Makes room for a line of something else, which stays; the next table comes below it. */
  clear(): void;
}

/** In place on a terminal; in a pipe one line a cave and round, the header and what a mark means only once. */
export function createTableView(stream: WriteStream): TableView {
  const screen = createScreen(stream);
  const said = new Set<string>();
  const once = (line: string) => !said.has(line) && said.add(line);
  return {
    inPlace: screen.inPlace,
    clear: screen.clear,
    show: (rows) => {
      const lines = rows.length > 0 ? renderTable(rows, screen.size()) : ["no devices yet"];
      if (screen.inPlace) return screen.draw(lines);
      const [header = "", ...others] = lines;
      // The widths of the columns may change, and the header with them: what counts is that there was one.
      const shown = rows.length === 0 || once("header") ? [header] : [];
      screen.draw([...shown, ...others.filter((line) => line !== SIMULATED_LEGEND || once(line))]);
    },
  };
}
