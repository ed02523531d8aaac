import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { messageOf } from "../../errors.ts";
import type { ConfiguredCheck } from "./check.ts";
import { parseEndpoint } from "./endpoint.ts";

/** Whether the DPS's name has an address. */
export const dnsCheck: ConfiguredCheck = {
  id: "dns",
  title: "name of the DPS",
  needs: ["provisioning.host"],
  async look({ config }) {
    const { host } = parseEndpoint(config.provisioning.host);
    if (isIP(host) !== 0) return { result: "skipped", detail: `${host} is an address already` };
    try {
      const addresses = await lookup(host, { all: true });
      return { result: "ok", detail: `${host} is ${addresses.map(({ address }) => address).join(", ")}` };
    } catch (error) {
      return {
        result: "failed",
        detail: `${host} has no address: ${messageOf(error)}`,
        remedy: "check provisioning.host, the network and its name server (/etc/resolv.conf)",
      };
    }
  },
};
