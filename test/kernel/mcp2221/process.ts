/**
 * The hardware of a guest, as a process of its own: a MCP2221 on /dev/uhid with an SHT31 behind it. GPIO is written in
 * step, so that whoever does it could not answer for the hardware at the same time. Told by IPC what to do; started by
 * hand, it is plugged in, and what is to be done comes by standard input, a line of JSON each.
 */
import { createInterface } from "node:readline";
import {
  type Air,
  createSht31Chip,
  type Sht31Chip,
  type Sht31Faults,
} from "../../support/hardware/sht31-chip.ts";
import { createMcp2221, type Level } from "./mcp2221.ts";
import type { Order, PinChange, Report } from "./orders.ts";
import { createUhidDevice, type UhidDevice } from "./uhid.ts";

const SENSOR = 0x44;
const MICROCHIP = 0x04d8;
const PRODUCT = 0x00dd;
/** A vendor-defined usage with an input and an output report of 64 bytes each (USB HID 1.11, section 6.2.2). */
const REPORT_DESCRIPTOR = Buffer.from(
  "0600ff0901a101" + "0902150026ff00750895408102" + "0903150026ff00750895409102" + "c0",
  "hex",
);

const now = () => performance.now();
const AIR: Air = { temperature: 10.5, humidity: 91.25 };
const SOUND: Sht31Faults = {
  nackNext: 0,
  corruptNext: [0, 0],
  stuckAt: undefined,
  heaterAfterReset: false,
  // An emulated processor has little to spare: a reader that waits as long as it should must never come too soon.
  conversionScale: 0.5,
};
let air = AIR;
let chip = createChip();
const changes: PinChange[] = [];
const bridge = createMcp2221({
  slaveAt: (address) => (address === SENSOR ? chip : undefined),
  onPin: (pin, { direction, output }) => changes.push({ at: now(), pin, direction, output }),
});
let isMute = false;
let device: UhidDevice | undefined;

process.on("message", (message: { id: number; order: Order }) => {
  void carryOut(message.order).then(
    () => process.send?.({ id: message.id, report: report() }),
    (error: unknown) => process.send?.({ id: message.id, error: String(error) }),
  );
});
// The tests are gone: so is the hardware.
process.once("disconnect", () => process.exit());
if (!process.connected) {
  device = plugIn();
  createInterface({ input: process.stdin }).on("line", async (line) => {
    await carryOut(JSON.parse(line));
    process.stdout.write(`${JSON.stringify(report())}\n`);
  });
}

async function carryOut(order: Order): Promise<void> {
  switch (order.do) {
    case "plugIn":
      device ??= plugIn();
      return;
    case "unplug": {
      const gone = device;
      device = undefined;
      await gone?.destroy();
      return;
    }
    case "setAir":
      air = order.air;
      return;
    case "setChip":
      Object.assign(chip.faults, order.faults);
      return;
    case "setBus":
      bridge.faults.heldLow = order.isHeldLow ?? bridge.faults.heldLow;
      isMute = order.isMute ?? isMute;
      return;
    case "brownOut":
      chip.brownOut();
      return;
    case "drive":
      bridge.drive(order.pin, order.level);
      return;
    case "mend":
      air = AIR;
      chip = createChip();
      bridge.faults.heldLow = false;
      isMute = false;
      return;
    case "look":
      return;
  }
}

/** A cool one, just powered up. */
function createChip(): Sht31Chip {
  return createSht31Chip({ now, air: () => air, faults: structuredClone(SOUND) });
}

function plugIn(): UhidDevice {
  const plugged = createUhidDevice({
    name: "MCP2221, emulated",
    vendor: MICROCHIP,
    product: PRODUCT,
    reportDescriptor: REPORT_DESCRIPTOR,
    onReport: (bytes) => {
      if (!isMute && device === plugged) plugged.send(bridge.answer(bytes));
    },
  });
  return plugged;
}

function report(): Report {
  const levels = bridge.pins.map(({ direction, output }): Level | "in" =>
    direction === "in" ? "in" : output,
  );
  const addresses = [...bridge.addresses];
  return { at: now(), levels, changes, heater: chip.heater(), addresses, transfers: chip.told() };
}
