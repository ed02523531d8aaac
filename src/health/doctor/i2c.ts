import { isAgentError } from "../../errors.ts";
import { deviceFiles } from "../../lib/device-files.ts";
import { createI2cBus } from "../../sensor/bounded-bus.ts";
import { asAddress } from "../../sensor/i2c-faults.ts";
import { addressesOf } from "../../sensor/open.ts";
import { ADDRESSES, findChip } from "../../sensor/sht31/start.ts";
import type { StatusDocument } from "../status.ts";
import { type ConfiguredCheck, codeOf, type Finding, type Ground } from "./check.ts";

/** Whether the sensor answers: it is asked for its status, unless the running agent does so all the time. */
export const i2cCheck: ConfiguredCheck = {
  id: "i2c",
  title: "sensor",
  needs: ["sensor.source", "sensor.bus", "sensor.address"],
  async look({ config, machine, clock, running, isAlone }, signal) {
    const { source, bus: number, address } = config.sensor;
    if (source === "simulated") return { result: "skipped", detail: "the sensor is simulated" };
    // Two who talk to one chip disturb each other.
    if (running?.sensor.source === "sht31") return judgeRunning(running);
    if (!running && !isAlone) {
      return { result: "skipped", detail: "an agent that may be reading it could not be asked" };
    }
    const bus = createI2cBus(number, machine.openAdapter, clock);
    const find = (addresses: readonly number[]) => findChip(bus, number, addresses, clock, signal);
    try {
      const chip = await find(addressesOf(address));
      return { result: "ok", detail: `an SHT31 answers at ${asAddress(chip.address)} on ${bus.file}` };
    } catch (error) {
      if (!isAgentError(error)) throw error;
      // "auto" may go on without a sensor, which is then simulated and said to be so.
      const result = source === "auto" ? "warning" : "failed";
      if (error.code === "SENSOR_NO_ANSWER" && address !== "auto") {
        const elsewhere = await find(ADDRESSES).catch(() => undefined);
        if (elsewhere) {
          return { result, ...misplaced(error.message, elsewhere.address), ...codeOf(error.code) };
        }
      }
      const detail = error.code === "I2C_MISSING" ? await nameBuses(error.message, machine) : error.message;
      return { result, detail, remedy: error.remedy, ...codeOf(error.code) };
    } finally {
      await bus.close();
    }
  },
};

function judgeRunning({ sensor, reading }: StatusDocument): Finding {
  const who = `the running agent reads the ${sensor.source} ${sensor.serial ?? ""}`.trim();
  if (sensor.fault === null && reading) return { result: "ok", detail: `${who}, last at ${reading.readAt}` };
  return {
    result: "failed",
    detail: `${who}: ${sensor.fault ?? "no reading yet"}`,
    remedy: sensor.remedy ?? "stop the agent and run doctor again: it then asks the sensor itself",
    ...codeOf(sensor.code),
  };
}

function misplaced(message: string, address: number): Omit<Finding, "result"> {
  return {
    detail: `${message}, but one answers at ${asAddress(address)}`,
    remedy: `set sensor.address = ${asAddress(address)}, or "auto"`,
  };
}

async function nameBuses(message: string, machine: Ground["machine"]): Promise<string> {
  const buses = await deviceFiles(machine.devices, /^i2c-\d+$/);
  return buses.length === 0 ? message : `${message}; there are ${buses.map(({ file }) => file).join(", ")}`;
}
