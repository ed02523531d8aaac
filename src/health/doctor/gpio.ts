import { takenBy } from "../../fan/chardev-line.ts";
import { busLineProblems } from "../../fan/config.ts";
import type { LineFacts } from "../../fan/driver.ts";
import { inspectFan, LONGEST_LOOK } from "../../fan/inspect.ts";
import { ENDLESS } from "../../lib/patience.ts";
import { CODES } from "../codes.ts";
import type { StatusDocument } from "../status.ts";
import { type ConfiguredCheck, codeOf, type Finding } from "./check.ts";

/** Whether the configured lines are there and free, and by which of the kernel's interfaces the agent would use them. */
export const gpioCheck: ConfiguredCheck = {
  id: "gpio",
  title: "GPIO",
  needs: ["fan.driver", "fan.line", "fan.feedbackLine", "fan.feedbackPull", "sensor.source"],
  async look({ config, machine, clock, running, isAlone, gpioPatience = ENDLESS }) {
    // It knows more than the line shows: what its feedback says, and what became of its commands.
    if (running?.fan.fault) return judgeRunning(running.fan);
    const [collision] = busLineProblems(config.fan, config.sensor);
    if (collision) {
      return { result: "failed", detail: collision, remedy: "use another line", code: "CONFIG_INVALID" };
    }
    const parts = {
      sensorSource: config.sensor.source,
      clock,
      places: { sysfs: machine.sysfsGpio, devices: machine.devices },
      tools: { path: machine.toolPath },
    };
    const found = await gpioPatience(() => inspectFan(config.fan, parts), LONGEST_LOOK);
    if (!("fan" in found)) {
      const what = found.name === "simulated" ? "the fan is simulated" : "this cave has no fan";
      return { result: "skipped", detail: `${what}: ${found.why}` };
    }
    const lines = [found.fan, ...(found.feedback ? [found.feedback] : [])];
    const detail = `${found.name}: ${lines.map(describeLine).join("; ")}; ${found.why}`;
    const remedy = isAlone ? lines.map(remedyOf).find((each) => each !== undefined) : undefined;
    return remedy === undefined ? { result: "ok", detail } : { result: "warning", detail, remedy };
  },
};

/** The kernel lets two programs have an exported line; `fan on` refuses it, and the agent would work against the other. */
function remedyOf(line: LineFacts): string | undefined {
  const users = line.users?.found ?? [];
  return users.length > 0 ? takenBy(users.join(", "), line).remedy : undefined;
}

function judgeRunning({ fault, remedy, code }: StatusDocument["fan"]): Finding {
  return {
    result: "failed",
    detail: `the running agent switches the fan: ${fault}`,
    remedy: remedy ?? CODES.FAN_FAILED.remedy,
    ...codeOf(code),
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
