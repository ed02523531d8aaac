import type { LineFacts } from "../../fan/driver.ts";
import { inspectFan } from "../../fan/inspect.ts";
import { CODES } from "../codes.ts";
import type { StatusDocument } from "../status.ts";
import type { ConfiguredCheck, Finding } from "./check.ts";

/** Whether the configured lines are there and free, and by which of the kernel's interfaces the agent would use them. */
export const gpioCheck: ConfiguredCheck = {
  id: "gpio",
  title: "GPIO",
  needs: ["fan.driver", "fan.line", "fan.feedbackLine", "fan.feedbackPull", "sensor.source"],
  async look({ config, machine, clock, running }) {
    // It knows more than the line shows: what its feedback says, and what became of its commands.
    if (running?.fan.fault) return judgeRunning(running.fan);
    const found = await inspectFan(config.fan, {
      sensorSource: config.sensor.source,
      clock,
      places: { sysfs: machine.sysfsGpio, devices: machine.devices },
      tools: { path: machine.toolPath },
    });
    if (!("fan" in found)) {
      const what = found.name === "simulated" ? "the fan is simulated" : "this cave has no fan";
      return { result: "skipped", detail: `${what}: ${found.why}` };
    }
    const lines = [found.fan, ...(found.feedback ? [found.feedback] : [])].map(describeLine);
    return { result: "ok", detail: `${found.name}: ${lines.join("; ")}; ${found.why}` };
  },
};

function judgeRunning({ fault, remedy }: StatusDocument["fan"]): Finding {
  return {
    result: "failed",
    detail: `the running agent switches the fan: ${fault}`,
    remedy: remedy ?? CODES.FAN_FAILED.remedy,
  };
}

function describeLine({ where, direction, on, consumer }: LineFacts): string {
  const words = [
    where,
    consumer === undefined ? "free" : `held by ${consumer}`,
    ...(direction === undefined ? [] : [direction]),
    ...(on === undefined ? [] : [on ? "active" : "inactive"]),
  ];
  return words.join(", ");
}
