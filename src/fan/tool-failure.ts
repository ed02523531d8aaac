import { type AgentError, messageOf } from "../errors.ts";
import { fanFailure, GROUP_REMEDY } from "./failure.ts";

const OWNER: Record<string, string> = { setpriv: "util-linux" };

function notInstalled(tool: string): AgentError {
  return fanFailure(`${tool} is not installed`, `run apt install ${OWNER[tool] ?? "gpiod"}`);
}

/** Why there is no process of it: it is not there, or this machine cannot start one now (EAGAIN, EMFILE, ENOMEM). */
export function notStarted(tool: string, error: Error & { code?: unknown }): AgentError {
  if (error.code === "ENOENT") return notInstalled(tool);
  const remedy =
    error.code === "EACCES"
      ? `let the agent's user run ${tool}`
      : "look which limit of the machine is reached: memory, processes, open files";
  return fanFailure(`${tool} cannot be started: ${messageOf(error)}`, remedy, error);
}

/** What stands for a tool's complaint, and what helps. The texts are the C library's (strerror), in English. */
export function toolFailure(tool: string, complaint: string): AgentError {
  const text = complaint
    .trim()
    .replace(/\s+/g, " ")
    .replace(/^\S*\//, "");
  // As the shell says it that starts the tool.
  if (/exec: .*not found/.test(text)) return notInstalled(tool);
  const message = text.startsWith(`${tool}:`) ? text : `${tool}: ${text}`;
  return fanFailure(message, remedyOf(text));
}

function remedyOf(text: string): string {
  if (/Permission denied/.test(text)) return GROUP_REMEDY;
  if (/Device or resource busy/.test(text)) return "run gpioinfo to see who has the line, and stop that";
  if (/Invalid argument/.test(text)) {
    return "if gpioset --version says 1.x, install gpiod 2: this kernel may have no GPIO_CDEV_V1, which 1.x needs";
  }
  if (/No such device/.test(text)) return "use a line of a chip that has interrupts";
  return "run gpioinfo to see the lines and who has them";
}
