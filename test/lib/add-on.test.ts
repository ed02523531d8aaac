import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { explainMissing } from "#agent/lib/add-on.js";
import { temporaryDirectory } from "../support/pki.js";
import { ROOT } from "../support/rig.js";

const caught = async (act: () => unknown): Promise<unknown> => {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return assert.fail("it does not fail");
};

const explain = (error: unknown) =>
  explainMissing({ name: "onoff", version: "6.0.3", native: "epoll" }, error);

test("not installed", async () => {
  const name = "no-such-package-for-gpio";
  const { message, remedy } = explain(await caught(() => import(name)));
  assert.equal(message, "the npm package onoff cannot be loaded: it is not installed");
  assert.match(remedy, /: npm install onoff@6\.0\.3 && npm rebuild epoll$/);
});

test("installed without having been built", async (t) => {
  const folder = await temporaryDirectory(t);
  let bindings: (options: object) => unknown;
  try {
    bindings = createRequire(import.meta.url)("bindings");
  } catch {
    return t.skip("epoll is not installed here, and neither is what it is loaded by");
  }
  const error = await caught(() => bindings({ bindings: "epoll", module_root: folder }));
  assert.match(
    explain(error).message,
    /^the npm package onoff cannot .*: epoll was not built for Node \d+\./,
  );
});

test("built for another Node or machine, as Node says it", async (t) => {
  const file = join(await temporaryDirectory(t), "epoll.node");
  writeFileSync(file, "no add-on");
  const error = await caught(() => process.dlopen({ exports: {} }, file));
  assert.match(explain(error).message, /: epoll was built for another Node or machine than Node \d+\..* on /);
});

test("anything else, with its own words", () => {
  assert.match(explain(new Error("the disk is on fire")).message, /cannot be loaded: the disk is on fire$/);
});

test("the versions that are named are those of package.json", () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const [name, file] of [
    ["onoff", "src/fan/onoff-gpio.ts"],
    ["i2c-bus", "src/sensor/i2c.ts"],
  ] as const) {
    const wanted = `name: "${name}", version: "${optionalDependencies[name]}"`;
    assert.ok(readFileSync(join(ROOT, file), "utf8").includes(wanted), `${file}: ${wanted}`);
  }
});
