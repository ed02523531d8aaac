import assert from "node:assert/strict";
import { test } from "node:test";
import { createQueue } from "#agent/control/queue.js";
import { isAgentError } from "#agent/errors.js";

/** Work that ends when it is told to. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

test("one piece at a time, those that go first before those that wait, each way in its order", async () => {
  const queue = createQueue(5);
  const { open, opened } = gate();
  const done: string[] = [];
  const piece = (name: string) => async () => void done.push(name);
  const all = [
    queue.last(() => opened),
    queue.last(piece("last 1")),
    queue.last(piece("last 2")),
    queue.first(piece("first 1")),
    queue.first(piece("first 2")),
  ];
  assert.deepEqual(done, []);
  open();
  await Promise.all(all);
  assert.deepEqual(done, ["first 1", "first 2", "last 1", "last 2"]);
});

test("a piece that fails rejects for its caller, and the next has its turn", async () => {
  const queue = createQueue(1);
  await assert.rejects(
    queue.first(() => Promise.reject(new Error("no"))),
    /^Error: no$/,
  );
  assert.equal(await queue.last(async () => 7), 7);
});

test("more than may wait are refused at once, and taken again when there is room", async () => {
  const queue = createQueue(2);
  const { open, opened } = gate();
  const taken = [1, 2, 3].map(() => queue.last(() => opened));
  await assert.rejects(
    queue.last(() => opened),
    (error) => isAgentError(error) && error.code === "CONTROL_BUSY" && error.retryable,
  );
  const urgent = queue.first(() => opened);
  open();
  await Promise.all([...taken, urgent]);
  await queue.last(async () => undefined);
});
