import { createRequire } from "node:module";

/**
 * The npm packages as they are: what the drivers of the agent stand on. They are optional dependencies, so their types
 * may be missing where the tests are only compiled; these say as much of them as the tests use.
 */
interface I2cBusPackage {
  openPromisified(bus: number, options?: { forceAccess?: boolean }): Promise<PromisifiedBus>;
}

export interface PromisifiedBus {
  i2cWrite(address: number, length: number, buffer: Buffer): Promise<unknown>;
  i2cRead(address: number, length: number, buffer: Buffer): Promise<unknown>;
  close(): Promise<void>;
}

interface OnoffPackage {
  Gpio: new (
    line: number,
    direction: "in" | "out" | "low" | "high",
    edge?: "none" | "rising" | "falling" | "both",
    options?: { activeLow?: boolean; reconfigureDirection?: boolean },
  ) => GpioLine;
}

export interface GpioLine {
  readSync(): number;
  writeSync(value: number): void;
  watch(listener: (error: Error | null | undefined, value: number) => void): void;
  unexport(): void;
}

const load = createRequire(import.meta.url);
export const { openPromisified }: I2cBusPackage = load("i2c-bus");
export const { Gpio }: OnoffPackage = load("onoff");
