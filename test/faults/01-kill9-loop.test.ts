import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { appendNumbers, numbers, openReal } from "./outbox.ts";

const KILLS = process.env.CAVE_FAULTS === "full" ? 200 : 20;

describe("fault 1: kill -9", () => {
  it(`loses nothing that was appended, in ${KILLS} kills in mid-write, and repeats no sequence`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "cave-kill9-"));
    const directory = join(folder, "outbox");
    let next = 0;
    let lastSequence = 0;
    let ready = start();
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const child = ready;
        ready = start();
        const kept = await appendUntilKilled(child, directory, next, kill % 40);
        const { outbox } = await openReal(directory, { segmentBytes: 64 * 1024 });
        const entries = await outbox.read(0, 1e6);
        const values = entries.map(({ payload }) => payload);
        assert.deepEqual(values, numbers(next, next + values.length - 1), `kill ${kill}: gaps`);
        assert.equal(outbox.counts().dropped, 0);
        for (const { value, sequence } of kept) {
          assert.equal(
            entries[value - next]?.sequence,
            sequence,
            `kill ${kill}: ${value} is lost or renumbered`,
          );
        }
        assert.ok((entries[0]?.sequence ?? 0) > lastSequence, `kill ${kill}: sequences go back`);
        next += values.length;
        [lastSequence = 0] = await appendNumbers(outbox, next, next);
        assert.ok(lastSequence > (entries.at(-1)?.sequence ?? 0));
        for (const { sequence } of entries) outbox.acknowledge(sequence);
        outbox.acknowledge(lastSequence);
        await outbox.close();
        next += 1;
      }
      assert.ok(next > KILLS * 10, `only ${next} appended`);
    } finally {
      ready.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    }
  });
});

interface Kept {
  value: number;
  sequence: number;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

function start(): Child {
  const file = fileURLToPath(new URL("./01-kill9-loop.child.js", import.meta.url));
  return spawn(process.execPath, [file], { stdio: ["pipe", "pipe", "inherit"] });
}

/** What a process said it had kept, before it was killed `delay` lines after its tenth. */
async function appendUntilKilled(
  child: Child,
  directory: string,
  first: number,
  delay: number,
): Promise<Kept[]> {
  child.stdin.write(`${first} ${directory}
`);
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
    if (said.split("\n").length > 10 + delay) child.kill("SIGKILL");
  });
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  assert.equal(signal, "SIGKILL");
  // The last line may be cut short.
  return said
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [value = 0, sequence = 0] = line.split(" ").map(Number);
      return { value, sequence };
    });
}
