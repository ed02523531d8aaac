import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { openI2cAdapter } from "#agent/sensor/i2c.js";
import { temporaryDirectory } from "../support/pki.ts";
import { ROOT } from "../support/rig.ts";

const PACKAGE = join(ROOT, "node_modules/i2c-bus");
const ADDON = "build/Release/i2c.node";

/** The built agent in a folder of its own, whose node_modules the test makes. */
async function copyAgent(t: TestContext): Promise<{ folder: string; open: () => Promise<unknown> }> {
  const folder = await temporaryDirectory(t);
  writeFileSync(join(folder, "package.json"), '{"type": "module"}');
  cpSync(join(ROOT, "dist"), join(folder, "dist"), { recursive: true });
  const { openI2cAdapter: open }: { openI2cAdapter: (bus: number) => Promise<unknown> } = await import(
    join(folder, "dist/sensor/i2c.js")
  );
  return { folder, open: () => open(1).catch((error: unknown) => error) };
}

function installPackage(folder: string, addon: string | undefined): void {
  cpSync(PACKAGE, join(folder, "node_modules/i2c-bus"), {
    recursive: true,
    filter: (file) => !file.includes("/build"),
  });
  for (const name of ["bindings", "file-uri-to-path"]) {
    cpSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
  }
  if (addon === undefined) return;
  mkdirSync(join(folder, "node_modules/i2c-bus/build/Release"), { recursive: true });
  writeFileSync(join(folder, "node_modules/i2c-bus", ADDON), addon);
}

function assertUnavailable(error: unknown, message: RegExp): void {
  assert.ok(error instanceof Error && "code" in error && "remedy" in error, String(error));
  assert.equal(error.code, "I2C_UNAVAILABLE");
  assert.match(error.message, message);
  assert.match(String(error.remedy), /npm install i2c-bus@5\.2\.3 && npm rebuild i2c-bus/);
}

describe("the npm package i2c-bus", {
  skip: existsSync(PACKAGE) ? false : "it is not installed here",
}, () => {
  it("is named with what to do where it is not installed", async (t) => {
    const { open } = await copyAgent(t);
    assertUnavailable(await open(), /i2c-bus cannot be loaded: it is not installed/);
  });

  it("is named where it was installed and not built", async (t) => {
    const { folder, open } = await copyAgent(t);
    installPackage(folder, undefined);
    assertUnavailable(await open(), /i2c-bus was not built for Node \d+/);
  });

  it("is named where it was built for something else", async (t) => {
    const { folder, open } = await copyAgent(t);
    installPackage(folder, "no shared object at all, as good as one for another machine");
    assertUnavailable(await open(), /i2c-bus was built for another Node or machine than Node \d+/);
  });

  it("says at the first transfer that there is no such bus", async (t) => {
    const adapter = await openI2cAdapter(250).catch((error: unknown) => {
      if (!isAgentError(error)) throw error;
      t.skip(error.message);
    });
    if (!adapter) return;
    await assert.rejects(adapter.read(0x44, 3), { code: "ENOENT" });
    await adapter.close();
  });
});
