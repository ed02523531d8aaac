import { writeSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { openReal } from "./outbox.ts";

/**
 * Told by a line "<number> <directory>", appends from that number on, for ever, and prints each once it is kept; every
 * 50th is urgent. It waits for the line so that its start costs no time between two kills.
 */
const [first, directory = ""] = (await createInterface(process.stdin).question("")).split(" ");
const { outbox } = await openReal(directory, { syncEvery: 20, segmentBytes: 64 * 1024 });
for (let value = Number(first); ; value += 1) {
  const { sequence } = await outbox.append(value, { urgent: value % 50 === 0 });
  writeSync(1, `${value} ${sequence}\n`);
}
