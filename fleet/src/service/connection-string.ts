import { usageError } from "../errors.ts";

/** Where and as whom to reach the service side of a hub. */
export interface ServiceAddress {
  host: string;
  /** 443 unless the connection string has a port, as that of the local cloud does. */
  port: number;
  /** The connection string for the SDK, whose HostName may not have a port. */
  connectionString: string;
}

/**
 * Reads `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…`, the form of Azure's "Shared access policies" page.
 * @throws FleetError USAGE, which never repeats the string: it holds a key
 */
export function parseConnectionString(text: string): ServiceAddress {
  const fields = new Map<string, string>();
  for (const part of text.trim().split(";").filter(Boolean)) {
    const at = part.indexOf("=");
    if (at > 0) fields.set(part.slice(0, at), part.slice(at + 1));
  }
  for (const key of ["HostName", "SharedAccessKeyName", "SharedAccessKey"]) {
    if (!fields.get(key)) throw refuse(`the hub connection string has no ${key}`);
  }
  const [, host, portText] = /^([a-zA-Z0-9.-]+)(?::([0-9]{1,5}))?$/.exec(fields.get("HostName") ?? "") ?? [];
  const port = Number(portText ?? 443);
  if (host === undefined || port < 1 || port > 65_535) {
    throw refuse("HostName in the hub connection string is not a host name");
  }
  fields.set("HostName", host);
  return { host, port, connectionString: [...fields].map(([key, value]) => `${key}=${value}`).join(";") };
}

function refuse(message: string) {
  return usageError(
    message,
    'give "HostName=<hub>.azure-devices.net;SharedAccessKeyName=<policy>;SharedAccessKey=<key>", in quotes',
  );
}
