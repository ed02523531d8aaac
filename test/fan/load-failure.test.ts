import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { explainLoadFailure } from "#agent/fan/load-failure.js";
import { temporaryDirectory } from "../support/pki.js";

const caught = async (act: () => unknown): Promise<unknown> => {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return assert.fail("it does not fail");
};

test("not installed", async () => {
  const name = "no-such-package-for-gpio";
  const { message, remedy } = explainLoadFailure(await caught(() => import(name)));
  assert.equal(message, "the package onoff is not installed");
  assert.match(remedy, /npm install/);
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
  const { message, remedy } = explainLoadFailure(error);
  assert.equal(message, "the package epoll was installed but not built");
  assert.match(remedy, /npm rebuild epoll/);
});

test("built for another Node, as Node says it", () => {
  const error = Object.assign(
    new Error(
      "The module '/x/epoll.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 137. This version of Node.js requires\nNODE_MODULE_VERSION 115. Please try re-compiling or re-installing",
    ),
    { code: "ERR_DLOPEN_FAILED" },
  );
  const { message, remedy, code, retryable } = explainLoadFailure(error);
  assert.equal(message, `the package epoll was built for another Node than ${process.version}`);
  assert.match(remedy, /npm rebuild epoll/);
  assert.deepEqual([code, retryable], ["FAN_FAILED", true]);
});

test("anything else, such as a file that is no add-on, with its own words", async (t) => {
  const file = join(await temporaryDirectory(t), "epoll.node");
  writeFileSync(file, "no add-on");
  const error = await caught(() => process.dlopen({ exports: {} }, file));
  assert.match(explainLoadFailure(error).message, /^the package onoff cannot be loaded: .*epoll\.node/);
});
