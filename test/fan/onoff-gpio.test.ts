import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openGpio } from "#agent/fan/onoff-gpio.js";
import { isFailure } from "../support/hardware/fan-contract.js";
import { temporaryDirectory } from "../support/pki.js";
import { ROOT } from "../support/rig.js";

const VALUE = "this._valueFd = 9;";
const POLLER = "this._poller = { close() {} };";
const READ = "this.readSync();";
const EDGE = 'this.setEdge("both");';

test("an onoff that has not what this one has is refused before it is needed", async () => {
  const open = async (...body: string[]) => {
    const text = `export class Gpio { constructor() { ${body.join("")} } readSync() {} setEdge() {} }`;
    return openGpio(await import(`data:text/javascript,${encodeURIComponent(text)}`), 529, "in");
  };
  await open(VALUE, POLLER, READ, EDGE);
  for (const body of [
    [POLLER, READ, EDGE],
    [VALUE, READ, EDGE],
    [VALUE, POLLER, EDGE],
    [VALUE, POLLER, READ],
  ]) {
    await assert.rejects(
      open(...body),
      isFailure(/^the npm package onoff is another one than 6\.0\.3$/, /npm install onoff@6\.0\.3/),
    );
  }
});

test("an input is opened without a call to its chip, and both its edges are told", async () => {
  const text = `export class Gpio {
    asked = [];
    constructor() { ${VALUE}${POLLER}${EDGE}this.direction();${READ} }
    direction() { this.asked.push("direction"); }
    readSync() { this.asked.push("value"); }
    setEdge() { this.asked.push("edge"); }
  }`;
  const onoff = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  const opened: object = openGpio(onoff, 529, "in");
  const { asked, _risingEnabled, _fallingEnabled } = opened as Record<string, unknown>;
  assert.deepEqual([asked, _risingEnabled, _fallingEnabled], [[], true, true]);
});

/** A pipe stands for a chip that does not answer: who reads it hangs in the kernel. */
const CALLS = {
  "of onoff": `
    import { openSync, read } from "node:fs";
    import { openGpio } from ${JSON.stringify(join(ROOT, "dist/fan/onoff-gpio.js"))};
    class Gpio {
      constructor() {
        this._valueFd = openSync(process.argv[1] + "/gpio529/value", "r+");
        this._poller = { close() {} };
        this.readSync();
      }
      read() {
        return new Promise((done) => read(this._valueFd, Buffer.alloc(1), 0, 1, null, done));
      }
    }
    void openGpio({ Gpio }, 529, "out").read();`,
  "of the line's files": `
    import { lineFiles } from ${JSON.stringify(join(ROOT, "dist/fan/sysfs-files.js"))};
    void lineFiles(529, process.argv[1]).read("value");`,
};

for (const [whose, call] of Object.entries(CALLS)) {
  test(`a call ${whose} that hangs does not keep the process`, async (t) => {
    const folder = await temporaryDirectory(t);
    mkdirSync(join(folder, "gpio529"));
    const { status } = spawnSync("mkfifo", [join(folder, "gpio529/value")]);
    if (status !== 0) return t.skip("mkfifo makes no pipe here");
    const leave = `import { leave } from ${JSON.stringify(join(ROOT, "dist/lib/in-kernel.js"))};`;
    const words = ["--input-type=module", "-e", `${leave}${call}\nawait leave(0);`, folder];
    const child = spawn(process.execPath, words, {
      stdio: "inherit",
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    assert.deepEqual(await once(child, "exit"), [null, "SIGTERM"]);
  });
}
