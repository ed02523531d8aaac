import type { WriteStream } from "node:tty";
import type { Row } from "../view/row.ts";
import { createScreen } from "../view/screen.ts";
import { renderTable } from "../view/table.ts";

/** Where there is no terminal, a table every so many milliseconds is enough. */
const PLAIN_EVERY = 10_000;

/** What shows the caves after every round; nothing at all when unattended. */
export function liveView(unattended: boolean, stream: WriteStream): (rows: Row[]) => void {
  if (unattended) return () => undefined;
  const screen = createScreen(stream);
  let shownAt = Number.NEGATIVE_INFINITY;
  return (rows) => {
    if (!screen.inPlace && performance.now() - shownAt < PLAIN_EVERY) return;
    shownAt = performance.now();
    const lines = renderTable(rows, screen.size());
    screen.draw(screen.inPlace ? lines : [...lines, ""]);
  };
}
