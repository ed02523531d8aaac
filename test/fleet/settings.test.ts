import assert from "node:assert/strict";
import { test } from "node:test";
import { SETTINGS } from "#fleet/settings.js";
import { contentsOf, readModel } from "../support/dtdl.ts";

test("the settings are the writable properties of the model", async () => {
  const writable = contentsOf(await readModel(), "Property").filter((property) => property.writable);
  assert.deepEqual([...SETTINGS].sort(), writable.map(({ name }) => name).sort());
});
