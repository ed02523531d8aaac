import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../cleanup.js";
import { temporaryDirectory } from "../pki.js";
import { ROOT } from "../rig.js";

/**
 * Stands in for libgpiod's tools and the kernel below them, where there is no GPIO: programs of the same names that say
 * what version 1.6.3 and 2.2.1 said on a real kernel, over a folder in the place of the chip `pinctrl-bcm2711`.
 */
export interface FakeGpiod {
  /** For `createGpiod` and doctor. */
  path: string;
  level(offset: number): 0 | 1;
  /** What is connected to an input drives it. */
  drive(offset: number, level: 0 | 1): void;
  /** The process that has it; undefined if nobody has. */
  holder(offset: number): number | undefined;
  /** Kills whoever has the line. */
  kill(offset: number): void;
  /** Somebody else has the line. */
  occupy(offset: number, consumer: string): void;
  /** It is exported in /sys/class/gpio for as long as there is this folder of the line's. */
  exportAs(offset: number, folder: string): void;
  /** From now on an output that is let go keeps its level, as with Raspberry Pi's own kernel. */
  persist(): void;
  /** It is an output that nobody has had, as the firmware leaves it. */
  leave(offset: number, level: 0 | 1): void;
  /** It is an input that nobody has, and the kernel calls it an output, which its last user had made of it. */
  letGo(offset: number, level: 0 | 1): void;
  /** Makes it an input that nobody has. */
  float(offset: number): void;
  /** The tool complains so from now on, and ends with 1. */
  breakTool(tool: string, complaint: string): void;
  remove(tool: string): void;
}

const TOOLS = ["gpioset", "gpioget", "gpioinfo", "gpiodetect", "gpiomon"];
const PROGRAM = join(ROOT, "test/support/hardware/fake-gpiod.sh");
const LABEL = "pinctrl-bcm2711";
const LINES = 58;

type Values = Record<string, string>;

const FLOATING: Values = { direction: "input", level: "0", low: "0", consumer: "", pid: "", exported: "" };

export async function createFakeGpiod(t: Scope, version: 1 | 2 = 2): Promise<FakeGpiod> {
  const folder = await temporaryDirectory(t);
  const tools = join(folder, "tools");
  const state = join(folder, "lines");
  mkdirSync(tools);
  mkdirSync(state);
  // The real one where there is one; elsewhere what it runs is not killed with us, and the test that asks is skipped.
  for (const tool of process.platform === "linux" ? TOOLS : [...TOOLS, "setpriv"]) {
    write(join(tools, tool), `exec sh "${PROGRAM}" "${state}" ${version} ${LABEL} ${LINES} ${tool} "$@"`);
  }
  const persistence = join(state, "persist");
  const fileOf = (offset: number) => join(state, String(offset));

  function read(offset: number): Values {
    let text: string;
    try {
      text = readFileSync(fileOf(offset), "utf8");
    } catch {
      return FLOATING;
    }
    const values = Object.fromEntries(
      [...text.matchAll(/(\w+)='?([^'\s]*)'?/g)].map(([, name = "", value = ""]) => [name, value]),
    );
    if (values.exported && !existsSync(values.exported)) return FLOATING;
    const pid = Number(values.pid);
    if (!pid || isAlive(pid)) return values;
    if (values.direction === "output" && existsSync(persistence))
      return { ...values, consumer: "", pid: "", exported: "" };
    return { ...FLOATING, ...(values.direction === "input" && { level: values.level ?? "0" }) };
  }

  function keep(offset: number, changes: Values): void {
    const values = { ...read(offset), ...changes };
    const text = Object.entries(values).map(([name, value]) => `${name}='${value}'`);
    writeFileSync(`${fileOf(offset)}.test`, `${text.join(" ")}\n`);
    renameSync(`${fileOf(offset)}.test`, fileOf(offset));
  }

  const holder = (offset: number) => Number(read(offset).pid) || undefined;
  return {
    path: `${tools}:${process.env.PATH ?? ""}`,
    level: (offset) => (read(offset).level === "1" ? 1 : 0),
    drive: (offset, level) => keep(offset, { level: String(level) }),
    holder,
    kill(offset) {
      const pid = holder(offset);
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    },
    occupy: (offset, consumer) => keep(offset, { consumer, pid: "0" }),
    exportAs: (offset, exported) => keep(offset, { consumer: "sysfs", pid: "0", exported }),
    persist: () => writeFileSync(persistence, ""),
    leave: (offset, level) =>
      keep(offset, { direction: "output", level: String(level), consumer: "", pid: "", stale: "" }),
    letGo: (offset, level) =>
      keep(offset, { direction: "output", level: String(level), consumer: "", pid: "", stale: "1" }),
    float: (offset) => keep(offset, FLOATING),
    breakTool: (tool, complaint) =>
      write(join(tools, tool), `echo "/usr/bin/${tool}: ${complaint}" >&2\nexit 1`),
    remove: (tool) => rmSync(join(tools, tool)),
  };
}

function write(file: string, command: string): void {
  writeFileSync(file, `#!/bin/sh\n${command}\n`);
  chmodSync(file, 0o755);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
