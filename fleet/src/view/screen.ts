import type { WriteStream } from "node:tty";

/** Where a table is drawn again and again. */
export interface Screen {
  /** True if `draw` overwrites what it drew before. */
  readonly inPlace: boolean;
  /** Room for one drawing. */
  size(): { columns: number; lines: number };
  draw(lines: string[]): void;
  /** Takes away what was drawn, if it can be. */
  clear(): void;
}

const ESCAPE = "\u001b[";

/** In place on a terminal (ECMA-48 cursor up, erase to end of line and of screen), one block after another otherwise. */
export function createScreen(stream: WriteStream): Screen {
  if (stream.isTTY !== true || process.env.TERM === "dumb") return plainScreen(stream);
  let drawn = 0;
  const draw = (lines: string[]) => {
    const up = drawn > 0 ? `${ESCAPE}${drawn}A\r` : "";
    stream.write(`${up}${lines.map((line) => `${line}${ESCAPE}K\n`).join("")}${ESCAPE}J`);
    drawn = lines.length;
  };
  return {
    inPlace: true,
    size: () => ({ columns: (stream.columns || 80) - 1, lines: Math.max(3, (stream.rows || 24) - 1) }),
    draw,
    clear: () => draw([]),
  };
}

function plainScreen(stream: WriteStream): Screen {
  return {
    inPlace: false,
    size: () => ({ columns: Number.POSITIVE_INFINITY, lines: Number.POSITIVE_INFINITY }),
    draw: (lines) => {
      stream.write(`${lines.join("\n")}\n`);
    },
    clear: () => undefined,
  };
}
