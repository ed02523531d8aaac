import { isIPv4 } from "node:net";

/** Where programs on this machine, and no others, can reach a server. */
export interface LoopbackAddress {
  host: string;
  port: number;
}

function isLoopback(host: string): boolean {
  return host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/**
 * Reads `address:port`, an IPv6 address in brackets. `localhost` is taken for 127.0.0.1, whatever the name server says.
 * Undefined for anything else, and for an address that other machines can reach.
 */
export function parseLoopback(text: string): LoopbackAddress | undefined {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(text);
  const name = match?.[1] ?? match?.[2] ?? "";
  const host = name === "localhost" ? "127.0.0.1" : name;
  const port = Number(match?.[3]);
  return isLoopback(host) && port <= 65_535 ? { host, port } : undefined;
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
