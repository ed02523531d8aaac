import type { ConfiguredCheck } from "./check.ts";
import { deviceFiles } from "./device-files.ts";

/** Whether there is an I2C bus that the agent may use. */
export const i2cCheck: ConfiguredCheck = {
  id: "i2c",
  title: "I2C bus",
  needs: ["sensor.source"],
  async look({ config, machine }) {
    const source: string = config.sensor.source;
    if (source === "simulated") return { result: "skipped", detail: "the sensor is simulated" };
    // "auto" may go on without a sensor, which is then simulated and said to be so.
    const result = source === "auto" ? "warning" : "failed";
    const buses = await deviceFiles(machine.devices, /^i2c-\d+$/);
    const usable = buses.filter(({ isUsable }) => isUsable).map(({ file }) => file);
    if (usable.length > 0) return { result: "ok", detail: usable.join(", ") };
    if (buses.length === 0) {
      return {
        result,
        detail: `there is no ${machine.devices}/i2c-*`,
        remedy: "switch I2C on: on a Raspberry Pi, run: sudo raspi-config nonint do_i2c 0",
      };
    }
    return {
      result,
      detail: `this user may not use ${buses.map(({ file }) => file).join(", ")}`,
      remedy: "make the agent's user a member of the group i2c; run doctor as that user",
    };
  },
};
