import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { ROOT } from "./support/rig.js";

interface Boundaries {
  violations(file: string, text: string): string[];
  checkTree(root: string): string[];
}

const boundaries = (await import(pathToFileURL(join(ROOT, "scripts/boundaries.mjs")).href)) as Boundaries;

test("the house stands as it was drawn", () => {
  assert.deepEqual(boundaries.checkTree(ROOT), []);
});

test("every kind of breach is seen", () => {
  const breaches: [string, string, RegExp][] = [
    ["src/agent.ts", 'import device from "azure-iot-device";', /only src\/hub\/sdk\/link\.ts may/],
    ["src/agent.ts", 'const { Gpio } = await import("onoff");', /only src\/fan\/onoff-gpio\.ts may/],
    ["src/agent.ts", 'import leftPad from "left-pad";', /no room is declared/],
    ["src/cave/guard.ts", 'import { readFileSync } from "node:fs";', /cave\/ is pure/],
    ["src/cave/guard.ts", 'import { systemClock } from "../lib/clock.ts";', /cave\/ is pure/],
    ["src/cave/guard.ts", 'import { openFan } from "../fan/fan.ts";', /cave\/ is pure/],
    [
      "src/hub/session.ts",
      'export { startLocalCloud } from "../../local-cloud/src/index.ts";',
      /the parts stay apart/,
    ],
    [
      "fleet/src/commands/watch.ts",
      'import { startLocalCloud } from "cave-cloud";',
      /only fleet\/src\/simulate\/ may/,
    ],
    [
      "local-cloud/src/hub/hub.ts",
      'import {\n  x\n} from "../../../src/hub/hub.ts";',
      /the parts stay apart/,
    ],
  ];
  for (const [file, text, expected] of breaches) {
    const found = boundaries.violations(file, text);
    assert.equal(found.length, 1, `${file}: ${text}`);
    assert.match(found[0] ?? "", expected);
  }
  assert.deepEqual(
    boundaries.violations("src/cave/guard.ts", 'import type { Fan } from "../fan/fan.ts";'),
    [],
  );
});
