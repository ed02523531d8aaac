import { isIPv4 } from "node:net";
import { configError } from "../config.ts";

/** Where to listen for programs on this machine. */
export interface LoopbackAddress {
  host: string;
  port: number;
}

const REMEDY =
  'set status.listen to a loopback address and a port, such as "127.0.0.1:9464", or leave it empty; to be asked from ' +
  "another machine, put a proxy with authentication in front";

function isLoopback(host: string): boolean {
  return host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/**
 * Reads `address:port` of `status.listen`; undefined if it is empty. `localhost` is taken for 127.0.0.1, whatever the
 * name server says. Throws an AgentError `CONFIG_INVALID` for an address that others can reach.
 */
export function parseLoopback(listen: string): LoopbackAddress | undefined {
  if (listen === "") return undefined;
  const match = /^(?:\[([0-9a-f:]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(listen);
  const name = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw configError(`status.listen: must be address:port: value was "${listen}"`, REMEDY);
  }
  const host = name === "localhost" ? "127.0.0.1" : name;
  if (!isLoopback(host)) {
    throw configError(
      `status.listen: ${name} is not a loopback address: other machines could reach it`,
      REMEDY,
    );
  }
  return { host, port };
}

/**
 * Whether a request's Host header names this machine's loopback. A page in a browser can make its own name resolve to
 * 127.0.0.1 and so read what it is answered (DNS rebinding), but its requests still carry that name.
 */
export function isLocalHost(header: string | undefined): boolean {
  const name = /^(?:\[([0-9a-f:]+)\]|([^:\s]+))(?::\d{1,5})?$/i.exec(header ?? "");
  const host = (name?.[1] ?? name?.[2] ?? "").toLowerCase();
  return host === "localhost" || isLoopback(host);
}
