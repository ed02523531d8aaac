import { closeSync } from "node:fs";
import type { Gpio } from "onoff";
import { explainMissing } from "../lib/add-on.ts";
import { inKernel } from "../lib/in-kernel.ts";
import { fanFailure } from "./failure.ts";

export type { Gpio } from "onoff";

type Onoff = typeof import("onoff");

const ONOFF = { name: "onoff", version: "6.0.3", native: "epoll" };

/** onoff, or an AgentError that says why it cannot be used here: it is optional, and native. */
export async function loadOnoff(): Promise<Onoff> {
  try {
    return await import("onoff");
  } catch (error) {
    const { message, remedy } = explainMissing(ONOFF, error);
    throw fanFailure(message, remedy, error);
  }
}

/**
 * Opens a line that is exported, has its direction, its `active_low` and, as an input, the `edge` both, and asks the
 * chip nothing: onoff's constructor would by synchronous calls, which keep the event loop for as long as a chip behind
 * a bus takes, and would leave `value` open if one fails. `onEvent` reads an input as epoll tells of it, where nobody
 * could catch what it throws. Throws an AgentError `FAN_FAILED` for an onoff that cannot be used so.
 */
export function openGpio(
  { Gpio }: Onoff,
  number: number,
  direction: "in" | "out",
  onEvent: (read: () => 0 | 1) => 0 | 1 = (read) => read(),
): Gpio {
  let isOpening = true;
  let isAsked = false;
  let hasEdges = direction === "out";
  class OpenedGpio extends Gpio {
    override direction(): string {
      return direction;
    }
    override setEdge(): void {
      hasEdges = true;
      this._risingEnabled = true;
      this._fallingEnabled = true;
    }
    override readSync(): 0 | 1 {
      isAsked = true;
      return isOpening ? 0 : onEvent(() => super.readSync());
    }
    override read(): Promise<0 | 1> {
      return inKernel(super.read());
    }
    override write(value: 0 | 1): Promise<void> {
      return inKernel(super.write(value));
    }
  }
  const edge = direction === "in" ? "both" : "none";
  const gpio = new OpenedGpio(number, direction, edge, { reconfigureDirection: false });
  isOpening = false;
  const { _valueFd, _poller }: Partial<Gpio> = gpio;
  const isComplete = isAsked && hasEdges && typeof _valueFd === "number";
  if (isComplete && typeof _poller?.close === "function") return gpio;
  const { name, version } = ONOFF;
  throw fanFailure(
    `the npm package ${name} is another one than ${version}`,
    `npm install ${name}@${version}`,
  );
}

/**
 * Closes all that onoff has open of a line, and leaves the line to whoever has it now. Once only. onoff itself closes a
 * line by unexporting it, which would take it from whoever has exported it meanwhile.
 */
export function forget(gpio: Gpio): void {
  try {
    gpio.unwatchAll();
    gpio._poller.close();
  } finally {
    closeSync(gpio._valueFd);
  }
}
