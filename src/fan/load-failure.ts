import type { AgentError } from "../errors.ts";
import { messageOf } from "../errors.ts";
import { fanFailure } from "./failure.ts";

/** Why onoff, or the native epoll below it, could not be loaded. */
export function explainLoadFailure(error: unknown): AgentError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const text = messageOf(error);
  if (/NODE_MODULE_VERSION/.test(text)) {
    return fanFailure(
      `the package epoll was built for another Node than ${process.version}`,
      "run npm rebuild epoll in the agent's folder with the Node that runs the agent",
      error,
    );
  }
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") {
    return fanFailure(
      "the package onoff is not installed",
      "run npm install in the agent's folder, with python3, make and g++ at hand",
      error,
    );
  }
  if (/Could not locate the bindings file/.test(text)) {
    return fanFailure(
      "the package epoll was installed but not built",
      "run npm rebuild epoll in the agent's folder, with python3, make and g++ at hand",
      error,
    );
  }
  return fanFailure(
    `the package onoff cannot be loaded: ${text}`,
    "run npm rebuild epoll in the agent's folder, with python3, make and g++ at hand",
    error,
  );
}
