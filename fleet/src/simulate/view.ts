import type { WriteStream } from "node:tty";
import type { Row } from "../view/row.ts";
import { createTableView, type TableView } from "../view/table-view.ts";

/** Where there is no terminal, the caves every so many milliseconds are enough. */
const PLAIN_EVERY = 10_000;

/** What shows the caves after every round; nothing at all when unattended. */
export function liveView(unattended: boolean, stream: WriteStream): Pick<TableView, "show" | "clear"> {
  if (unattended) return { show: () => undefined, clear: () => undefined };
  const view = createTableView(stream);
  let shownAt = Number.NEGATIVE_INFINITY;
  const show = (rows: Row[]) => {
    if (!view.inPlace && performance.now() - shownAt < PLAIN_EVERY) return;
    shownAt = performance.now();
    view.show(rows);
  };
  return { show, clear: view.clear };
}
