import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { keepsOutputs } from "#agent/fan/kept-outputs.js";
import { temporaryDirectory } from "../support/pki.js";

test("outputs are kept where the chip's own driver says so, and nowhere else", async (t) => {
  const modules = await temporaryDirectory(t);
  const say = (driver: string, word: string) => {
    const folder = join(modules, driver, "parameters");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "persist_gpio_outputs"), `${word}\n`);
  };
  const labels = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1", "raspberrypi-exp-gpio"];
  const kept = async () => {
    const each = await Promise.all(labels.map((label) => keepsOutputs(label, modules)));
    return labels.filter((_, index) => each[index]);
  };
  assert.deepEqual(await kept(), [], "this kernel does not say");
  say("pinctrl_bcm2835", "Y");
  assert.deepEqual(await kept(), ["pinctrl-bcm2835", "pinctrl-bcm2711"]);
  say("pinctrl_bcm2835", "N");
  say("pinctrl_rp1", "Y");
  assert.deepEqual(await kept(), ["pinctrl-rp1"]);
});
