import type { Order } from "../mcp2221/orders.ts";
import { HARDWARE } from "./gateway.ts";
import type { Pi } from "./pi.ts";

const ORDERS = "/run/hardware.orders";
const REPORTS = "/run/hardware.reports";

/** The bridge and the sensor on the Pi's USB, a process in the guest. */
export interface Hardware {
  /** Plugs it in. */
  start(): Promise<void>;
  /** Resolves when it has been told, which is before it is done. */
  order(order: Order): Promise<void>;
  /** The sensor's heater, as it was after each order: its changes. */
  heaters(): Promise<boolean[]>;
  /** What it said last. */
  log(): Promise<string>;
}

export function hardwareOf(pi: Pi): Hardware {
  return {
    async start() {
      await pi.run(`mkfifo ${ORDERS} && node ${HARDWARE} < ${ORDERS} > ${REPORTS} 2>&1 &`);
      // Held open by the shell: the process would take the end of the first order for the end of all.
      await pi.run(`until [ -p ${ORDERS} ]; do sleep 0.1; done; exec 9> ${ORDERS}`);
    },
    order: async (order) => void (await pi.run(`echo '${JSON.stringify(order)}' >&9`)),
    async heaters() {
      const states = await pi.run(`grep -o '"heater":[a-z]*' ${REPORTS} | uniq`);
      return [...states.matchAll(/true|false/g)].map(([state]) => state === "true");
    },
    log: () => pi.run(`tail -n 5 ${REPORTS} | cut -c 1-400`),
  };
}
