import assert from "node:assert/strict";
import { test } from "node:test";
import { defer, type Scope } from "./cleanup.ts";

/** A scope that is ended by hand. */
function scope(): Scope & { end(): Promise<void>; hooks: number } {
  const hooks: (() => Promise<void>)[] = [];
  return {
    after: (fn) => {
      hooks.push(fn);
    },
    get hooks() {
      return hooks.length;
    },
    end: async () => {
      for (const hook of hooks) await hook();
    },
  };
}

test("the last deferred comes first, each when the one before is done, all in one hook", async () => {
  const t = scope();
  const done: string[] = [];
  defer(t, () => done.push("folder"));
  defer(t, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    done.push("cloud");
  });
  defer(t, () => done.push("agent"));
  assert.equal(t.hooks, 1);
  await t.end();
  assert.deepEqual(done, ["agent", "cloud", "folder"]);
});

test("a failure keeps no other step from running, and the first one is told", async () => {
  const t = scope();
  const done: string[] = [];
  defer(t, () => done.push("folder"));
  defer(t, () => Promise.reject(new Error("second")));
  defer(t, () => {
    throw new Error("first");
  });
  await assert.rejects(t.end(), { message: "first" });
  assert.deepEqual(done, ["folder"]);
});
