import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceView, emptyProperties, patchProperties, serviceView } from "#cloud/hub/properties.js";

test("a patch merges as RFC 7396 says, keeps the time of each change, and leaves the old section alone", () => {
  const first = patchProperties(emptyProperties("t0"), { a: { b: 1, c: [1, 2] }, d: 4, e: 5 }, "t1", true);
  const before = structuredClone(first);
  const second = patchProperties(
    first,
    { a: { b: 2, c: [3] }, d: { new: true }, e: null, gone: null },
    "t2",
    true,
  );
  assert.deepEqual(first, before);
  assert.deepEqual(deviceView(second), { a: { b: 2, c: [3] }, d: { new: true }, $version: 3 });
  const third = patchProperties(second, { d: "text" }, "t3", true);
  const changed = (at: string, version: number) => ({ $lastUpdated: at, $lastUpdatedVersion: version });
  assert.deepEqual(serviceView(third), {
    a: { b: 2, c: [3] },
    d: "text",
    $version: 4,
    $metadata: {
      ...changed("t3", 4),
      a: { ...changed("t2", 3), b: changed("t2", 3), c: changed("t2", 3) },
      d: changed("t3", 4),
    },
  });
});

test("what a service reads and writes back whole changes nothing but the version", () => {
  const section = patchProperties(emptyProperties("t0"), { a: 1 }, "t1", true);
  const again = patchProperties(section, JSON.parse(JSON.stringify(serviceView(section))), "t2", true);
  assert.deepEqual(again.values, { a: 1 });
  assert.equal(again.version, section.version + 1);
});
