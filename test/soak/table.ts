import type { Life } from "./life.ts";
import { droppedIn, type Growth, memoryOf, type Received, takenIn } from "./oracle.ts";
import { HOUR } from "./settings.ts";

const MEBIBYTE = 1024 * 1024;

/** The week on a few lines: a row for each life of the agent, then the sums. */
export function tableOf({
  lives,
  received,
  mostBytes,
}: {
  lives: Life[];
  received: Received;
  mostBytes: number;
}) {
  const rows = lives.map((life, index) => {
    const memory = memoryOf(life);
    const cells = [
      index + 1,
      (((life.lines.at(-1)?.time ?? 0) - life.startedAt) / HOUR).toFixed(1),
      life.endedBy ?? "",
      takenIn([life]).length,
      life.lines.filter(({ event }) => event === "online").length,
      switchesIn(life),
      memory ? growthOf(memory.rss) : "",
      memory ? growthOf(memory.heap) : "",
    ];
    return rowOf(cells);
  });
  return [
    rowOf(["life", "hours", "ended by", "samples", "online", "switches", "RSS MiB", "heap MiB"]),
    ...rows,
    `taken ${takenIn(lives).length}, at the hub ${received.bodies.size}, dropped ${droppedIn(lives)}`,
    `state directory: ${inMebibytes(mostBytes)} MiB at most`,
  ];
}

function switchesIn({ lines }: Life): number {
  const states = lines.flatMap(({ fan }) => fan ?? []);
  return states.filter((state, index) => index > 0 && state !== states[index - 1]).length;
}

const inMebibytes = (bytes: number) => (bytes / MEBIBYTE).toFixed(1);

const growthOf = ({ early, late }: Growth) => `${inMebibytes(early)}→${inMebibytes(late)}`;

function rowOf(cells: (string | number)[]): string {
  return cells.map((cell) => String(cell).padStart(13)).join("");
}
