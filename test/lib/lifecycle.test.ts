import assert from "node:assert/strict";
import { test } from "node:test";
import { type Room, startRooms } from "#agent/lib/lifecycle.js";

function room(name: string, diary: string[]): Room {
  return {
    name,
    async run(signal) {
      diary.push(`${name} runs`);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      diary.push(`${name} ends`);
    },
    beforeStop: async () => void diary.push(`${name} before`),
    afterStop: async () => void diary.push(`${name} after`),
  };
}

test("rooms start in order and stop in reverse, each wholly before the next", async () => {
  const diary: string[] = [];
  const life = startRooms([room("a", diary), room("b", diary)]);
  await life.stop(() => assert.fail());
  assert.deepEqual(diary, [
    "a runs",
    "b runs",
    "b before",
    "b ends",
    "b after",
    "a before",
    "a ends",
    "a after",
  ]);
});

test("a room that fails is the fault of the whole, and does not keep the others from stopping", async () => {
  const diary: string[] = [];
  const broken: Room = { name: "broken", run: () => Promise.reject(new Error("burst")) };
  const life = startRooms([room("a", diary), broken]);
  await assert.rejects(life.fault, /burst/);
  const faults: string[] = [];
  await life.stop((name) => faults.push(name));
  assert.deepEqual(faults, ["broken"]);
  assert.equal(diary.at(-1), "a after");
});
