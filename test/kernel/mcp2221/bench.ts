import { fork } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { defer, type Scope } from "../../support/cleanup.ts";
import type { Air, Sht31Faults } from "../../support/hardware/sht31-chip.ts";
import { until } from "../../support/until.ts";
import type { Level } from "./mcp2221.ts";
import type { Order, Report } from "./orders.ts";

/** As hid-mcp2221 names them. */
export const ADAPTER_NAME = "MCP2221 usb-i2c bridge";
export const CHIP_LABEL = "mcp2221_gpio";

/** The hardware of a test: a bridge with an SHT31 at 0x44, plugged in, and all that can be done to it. */
export interface Bench {
  /** Number of the I2C bus now, the N of /dev/i2c-N. */
  bus(): Promise<number>;
  setAir(air: Air): Promise<void>;
  setChip(faults: Partial<Sht31Faults>): Promise<void>;
  /** Held low: transfers fail at once with ETIMEDOUT. Mute: the bridge itself hangs, the kernel waits 4 s for it. */
  setBus(faults: { isHeldLow?: boolean; isMute?: boolean }): Promise<void>;
  brownOut(): Promise<void>;
  /** Drives an input pin from outside. */
  drive(pin: number, level: Level): Promise<void>;
  /** Resolves when the kernel has let go of the bridge: not before the bus is closed by whoever had it open. */
  unplug(): Promise<void>;
  /** Resolves when the kernel has bus and GPIO again. */
  plugIn(): Promise<void>;
  /** A sound bridge, a new sensor, and the first air again: 10.5 °C and 91.25 %RH. */
  mend(): Promise<void>;
  look(): Promise<Report>;
}

/** Plugs the hardware in. It is gone after the test. Needs root and the modules uhid, hid-mcp2221 and i2c-dev. */
export async function setUpBench(t: Scope): Promise<Bench> {
  const child = fork(fileURLToPath(new URL("./process.js", import.meta.url)));
  const answers = new Map<number, (answer: { report: Report; error?: string }) => void>();
  child.on("message", (answer: { id: number; report: Report; error?: string }) => {
    answers.get(answer.id)?.(answer);
    answers.delete(answer.id);
  });
  let id = 0;
  const tell = async (order: Order): Promise<Report> => {
    id += 1;
    const answered = new Promise<{ report: Report; error?: string }>((resolve) => answers.set(id, resolve));
    child.send({ id, order });
    const { report, error } = await answered;
    if (error !== undefined) throw new Error(`the hardware could not ${order.do}: ${error}`);
    return report;
  };
  const plugIn = async () => {
    await tell({ do: "plugIn" });
    await until("the kernel has the bridge", async () => (await adapterNumber()) !== undefined && hasChip());
  };
  defer(t, async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
    await until("the kernel has let go of the bridge", async () => (await adapterNumber()) === undefined);
  });
  await plugIn();
  return {
    bus: () => until("an I2C bus", adapterNumber, { seconds: 5 }),
    setAir: async (air) => void (await tell({ do: "setAir", air })),
    setChip: async (faults) => void (await tell({ do: "setChip", faults })),
    setBus: async (faults) => void (await tell({ do: "setBus", ...faults })),
    brownOut: async () => void (await tell({ do: "brownOut" })),
    drive: async (pin, level) => void (await tell({ do: "drive", pin, level })),
    unplug: async () => void (await tell({ do: "unplug" })),
    plugIn,
    mend: async () => {
      await tell({ do: "mend" });
      await plugIn();
    },
    look: () => tell({ do: "look" }),
  };
}

/** Of the bridge's adapter, once its file is there too. */
async function adapterNumber(): Promise<number | undefined> {
  const names = await readdir("/sys/class/i2c-dev").catch(() => []);
  const files = new Set(await readdir("/dev"));
  for (const name of names) {
    const adapter = await readFile(`/sys/class/i2c-dev/${name}/name`, "utf8").catch(() => "");
    if (adapter.trim() === ADAPTER_NAME && files.has(name)) return Number(name.slice("i2c-".length));
  }
  return undefined;
}

async function hasChip(): Promise<boolean> {
  const names = (await readdir("/sys/class/gpio")).filter((name) => name.startsWith("gpiochip"));
  const labels = names.map((name) => readFile(`/sys/class/gpio/${name}/label`, "utf8").catch(() => ""));
  return (await Promise.all(labels)).some((label) => label.trim() === CHIP_LABEL);
}
