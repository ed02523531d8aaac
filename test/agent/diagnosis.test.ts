import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createDiagnosis } from "#agent/agent/diagnosis.js";
import { LINUX } from "#agent/health/doctor/check.js";
import { salvageConfiguration } from "#agent/health/doctor/salvage.js";
import { ENDLESS } from "#agent/lib/patience.js";
import { healthDocument } from "../health/support.js";
import { createFakeClock } from "../support/fake-clock.js";
import { makePipe } from "../support/pipe.js";
import { temporaryDirectory } from "../support/pki.js";

/** That libuv has. */
const THREADS = 4;

test("a GPIO chip that hangs is asked once, however often doctor is: the process still reads its files", async (t) => {
  const folder = await temporaryDirectory(t);
  const machine = { ...LINUX, devices: join(folder, "dev"), sysfsGpio: join(folder, "gpio") };
  const files: Record<string, string> = {
    "config.toml": '[provisioning]\nhost = "127.0.0.1:1"\n[fan]\nline = "GPIO17"\n[state]\ndirectory = "."\n',
    "gpio/export": "",
    "gpio/gpiochip512/label": "pinctrl-bcm2711",
    "gpio/gpiochip512/base": "512",
    "gpio/gpiochip512/ngpio": "58",
    "gpio/gpio529/active_low": "0",
  };
  for (const place of ["dev", "gpio/gpiochip512", "gpio/gpio529"]) {
    mkdirSync(join(folder, place), { recursive: true });
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), `${text}\n`);
  const chip = ["value", "direction"].map((file) => makePipe(t, join(folder, "gpio/gpio529", file)));
  if (chip.includes(undefined)) return;

  const clock = createFakeClock();
  const file = join(folder, "config.toml");
  const { config } = salvageConfiguration(file, {});
  assert.ok(config);
  const diagnose = createDiagnosis(config, {
    document: () => healthDocument({ connection: { ...healthDocument().connection, hub: null } }),
    clock,
    machine,
    patience: ENDLESS,
    stopping: new AbortController().signal,
  });
  /** What it says of the fan, once its time has passed. */
  async function gpio(): Promise<string> {
    const report = diagnose();
    const isOver = report.then(() => true);
    while (!(await Promise.race([isOver, delay(100, false)]))) await clock.advance(1000);
    const { result, detail, code } = (await report).checks.find(({ id }) => id === "gpio") ?? {};
    return `${result} ${code}: ${detail}`;
  }

  const first = await gpio();
  if (/the npm package (onoff|epoll)/.test(first)) return t.skip("onoff is not built here");
  assert.match(
    first,
    /^failed FAN_FAILED: no answer within 4\.5 s: waited for the GPIO chip of the fan's lines$/,
  );
  for (let time = 2; time <= THREADS + 1; time += 1) {
    assert.match(await gpio(), /^failed FAN_FAILED: the GPIO chip of the fan's lines still owes an answer/);
  }
  const late = delay(20_000, "no thread is left", { ref: false });
  assert.equal(await Promise.race([readFile(join(folder, "gpio/export"), "utf8"), late]), "\n");

  for (const pipe of chip) pipe?.release();
  let after = await gpio();
  while (/still owes|no answer/.test(after)) after = await gpio();
  assert.match(after, /^ok undefined: sysfs: GPIO17 /);
});
