import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

/** An emulated machine and what it boots. */
export interface Machine {
  /** Such as `qemu-system-x86_64`. */
  program: string;
  /** Board, processor and devices. One serial port is `-serial stdio`, the first unless `console` says otherwise. */
  words: readonly string[];
  /** The kernel's name of that port. */
  console: string;
  kernel: string;
  initramfs: string;
}

export interface GuestEnd {
  /** Of the command that ran in the guest; undefined if the guest ended, or was ended, without saying it. */
  exitCode: number | undefined;
  /** All that the guest wrote on its console. */
  console: string[];
  /** From the start of QEMU to its end. */
  seconds: number;
}

/** Milliseconds that a machine has to switch itself off; some boards cannot. */
const POWER_OFF = 3000;
/**
 * The emulated processor works while others wait for theirs. /dev/kvm is left alone: not every kernel boots under
 * every kind of it, and this has to be the same everywhere.
 */
const ACCELERATION = ["-accel", "tcg,thread=multi"];
/** Politely, and not longer than whoever follows it, however that ends. */
const MANNERS = ["-n", "19", "setpriv", "--pdeathsig", "KILL", "--"];

/** A guest that runs. */
export interface RunningGuest {
  /** Types on its console. */
  type(text: string): void;
  /** Pulls its plug. */
  stop(): void;
  ended: Promise<GuestEnd>;
}

export interface GuestOptions {
  /** Milliseconds; then the guest is ended. */
  deadline: number;
  /** Called for each line that the guest writes, as it comes. */
  onLine?: (line: string) => void;
}

/** Boots a guest and follows its console to the end. */
export function runGuest(machine: Machine, options: GuestOptions): Promise<GuestEnd> {
  return startGuest(machine, options).ended;
}

/** Boots a guest whose console is told what to do. */
export function startGuest(machine: Machine, { deadline, onLine }: GuestOptions): RunningGuest {
  const from = performance.now();
  const { program, words, kernel, initramfs } = machine;
  // Messages of the kernel stay in its own log: on the console they would cut lines of the report in two.
  const append = `console=${machine.console} loglevel=1 panic=-1`;
  const boot = ["-kernel", kernel, "-initrd", initramfs, "-append", append];
  const port = ["-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"];
  const child = spawn("nice", [...MANNERS, program, ...ACCELERATION, ...words, ...port, ...boot], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  // Who types on after the end has nothing more to hear.
  child.stdin.on("error", () => undefined);
  const stop = () => void child.kill("SIGKILL");
  const console: string[] = [];
  let exitCode: number | undefined;
  const hear = (line: string) => {
    console.push(line);
    const code = /^@exit (\d+)$/.exec(line)?.[1];
    if (code !== undefined) {
      exitCode = Number(code);
      void delay(POWER_OFF, undefined, { ref: false }).then(stop);
    }
    onLine?.(line);
  };
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => hear(plain(line)));
  const timer = setTimeout(() => {
    hear(`@log ended after ${deadline / 1000} s`);
    stop();
  }, deadline);
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  })
    .then(() => ({ exitCode, console, seconds: (performance.now() - from) / 1000 }))
    .finally(() => clearTimeout(timer));
  return { type: (text) => void child.stdin.write(text), stop, ended };
}

/** Without what is meant for a terminal. */
function plain(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  return line.replace(/\x1b(?:\[[0-9;?]*[A-Za-z]|c)|[\r\x07]/g, "");
}
