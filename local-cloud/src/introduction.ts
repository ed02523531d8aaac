import type { Endpoints, HubEndpoints } from "./endpoints.ts";

/** What a person has to know after the start: what is where, and how an agent gets there. */
export function introduction(endpoints: Endpoints, endpointsFile: string): string {
  return [
    "The local cloud is up, on this machine only:",
    "",
    `  DPS           mqtts://${endpoints.dps.host}   ID scope ${endpoints.dps.idScope}`,
    ...endpoints.hubs.flatMap((hub) => hubLines(hub, endpoints.hubs.length > 1)),
    `  Trusted CA    ${endpoints.trustedCaFile}`,
    `  Endpoints     ${endpointsFile}  (with connection strings)`,
    "",
    ...groups(endpoints),
    "",
    "To point an agent at it, put into its configuration:",
    "",
    "  [provisioning]",
    `  host = ${JSON.stringify(endpoints.dps.host)}`,
    `  idScope = ${JSON.stringify(endpoints.dps.idScope)}`,
    "  [tls]",
    `  trustedCaFile = ${JSON.stringify(endpoints.trustedCaFile)}`,
    "",
    "Ctrl-C stops it. Devices and twins are kept for the next start.",
    "",
  ].join("\n");
}

function hubLines({ name, hostName, connectionString }: HubEndpoints, isOneOfMany: boolean): string[] {
  const service = /HostName=([^;]+)/.exec(connectionString)?.[1] ?? "";
  return [
    `  IoT hub       mqtts://${hostName}${isOneOfMany ? `   ${name}` : ""}`,
    `  Service API   https://${service}`,
  ];
}

function groups({ enrollmentGroups }: Endpoints): string[] {
  if (enrollmentGroups.length > 0) {
    return enrollmentGroups.map(
      ({ enrollmentGroupId, certificateFile }) =>
        `  Enrolled      ${enrollmentGroupId}: certificates under ${certificateFile}`,
    );
  }
  return [
    "Nobody can register: no enrolment group is given. Make a CA and start again:",
    "",
    "  npx cave-fleet certs root",
    "  npx cave-cloud --enrollment-group cheesecave-devices=certs/root.cert.pem",
  ];
}
