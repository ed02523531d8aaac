import { closeSync } from "node:fs";
import type { Gpio } from "onoff";
import { explainMissing } from "../lib/add-on.ts";
import { fanFailure } from "./failure.ts";

export type { Gpio } from "onoff";

const ONOFF = { name: "onoff", version: "6.0.3", native: "epoll" };

/** onoff, or an AgentError that says why it cannot be used here: it is optional, and native. */
export async function loadOnoff(): Promise<typeof import("onoff")> {
  try {
    return await import("onoff");
  } catch (error) {
    const { message, remedy } = explainMissing(ONOFF, error);
    throw fanFailure(message, remedy, error);
  }
}

/**
 * Closes all that onoff has open of a line, and leaves the line to whoever has it now. Once only. onoff itself closes a
 * line by unexporting it, which would take it from whoever has exported it meanwhile.
 */
export function forget(gpio: Gpio): void {
  gpio.unwatchAll();
  gpio._poller.close();
  closeSync(gpio._valueFd);
}

/** False: somebody has unexported the line since it was opened. */
export function isAlive(gpio: Gpio): Promise<boolean> {
  return gpio.read().then(
    () => true,
    () => false,
  );
}
