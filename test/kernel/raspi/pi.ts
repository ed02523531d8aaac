import { join } from "node:path";
import { defer, type Scope } from "../../support/cleanup.ts";
import { temporaryDirectory } from "../../support/pki.ts";
import { until } from "../../support/until.ts";
import type { Entry } from "../qemu/initramfs.ts";
import { type RunningGuest, startGuest } from "../qemu/qemu.ts";
import { createGpioBlock, type GpioBlock, type LineWrite } from "./gpio-block.ts";
import { createRaspi } from "./machine.ts";
import { openMonitor } from "./monitor.ts";
import { createWriteLog } from "./write-log.ts";

/** A Raspberry Pi that runs, and the probes on its board. */
export interface Pi {
  /** Runs a line of shell script in it and resolves to what that wrote. Rejects if it ends with another code than 0. */
  run(script: string): Promise<string>;
  gpio: GpioBlock;
  /** What was done to a GPIO line since the start, oldest first. */
  writesTo(line: number): LineWrite[];
}

/** Milliseconds that all of it may take, and seconds for one script, on a machine with much else to do. */
const DEADLINE = 900_000;
const SCRIPT_DEADLINE = 300;
const LAST_LINES = 40;

/** Boots one. It is switched off when the test is over. */
export async function bootPi(t: Scope, files: readonly Entry[]): Promise<Pi> {
  const folder = await temporaryDirectory(t);
  const writes = await createWriteLog(folder);
  defer(t, () => writes.close());
  const socket = join(folder, "monitor");
  const words = [...writes.words, "-qmp", `unix:${socket},server=on,wait=off`];
  const machine = await createRaspi({ files, words, folder });
  const lines: string[] = [];
  const guest = startGuest(machine, { deadline: DEADLINE, onLine: (line) => lines.push(line) });
  defer(t, async () => {
    guest.stop();
    await guest.ended;
  });
  const monitor = await openMonitor(socket);
  defer(t, () => monitor.close());
  const shell = createShell(guest, lines);
  await shell.ready();
  await writes.start(monitor);
  return { run: shell.run, gpio: createGpioBlock(monitor), writesTo: writes.of };
}

/** The host's end of shell.sh. */
function createShell(guest: RunningGuest, lines: string[]) {
  let hasEnded = false;
  void guest.ended.finally(() => {
    hasEnded = true;
  });
  let count = 0;

  async function line(what: string, from: number, fits: (line: string) => boolean): Promise<number> {
    const onTimeout = () => lines.slice(-LAST_LINES).join("\n");
    const find = () => {
      const index = lines.findIndex((text, at) => at >= from && fits(text));
      if (index >= 0) return { index };
      if (hasEnded) throw new Error(`the guest has ended; last it wrote:\n${onTimeout()}`);
      return undefined;
    };
    return (await until(what, find, { seconds: SCRIPT_DEADLINE, onTimeout })).index;
  }

  return {
    ready: () => line("the guest is up", 0, (text) => text === "@ready"),
    async run(script: string): Promise<string> {
      count += 1;
      const from = lines.length;
      guest.type(`${count} ${script}\n`);
      const end = await line(`done: ${script}`, from, (text) => text.startsWith(`@done ${count} `));
      const said = lines.slice(from, end).join("\n").trim();
      if (lines[end] !== `@done ${count} 0`) throw new Error(`${lines[end]}: ${script}\n${said}`);
      return said;
    },
  };
}
