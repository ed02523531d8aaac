import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from "#cloud/index.js";
import { type Authority, createAuthority } from "#fleet/certs/authority.js";
import { openService } from "#fleet/service/sdk.js";
import type { Service } from "#fleet/service/service.js";
import { type AgentRig, spawnAgent } from "./agent-process.js";
import { defer, removeFolder, type Scope } from "./cleanup.js";

export { type AgentRig, type LogLine, ROOT, runToEnd, spawnAgent } from "./agent-process.js";

/** A local cloud with one enrolled CA, and the service SDK pointed at its hub. */
export interface CloudRig {
  folder: string;
  cloud: LocalCloud;
  authority: Authority;
  service: Service;
}

/** Starts one on free ports; it ends with the test. */
export async function startCloud(
  t: Scope,
  options: Omit<LocalCloudOptions, "stateDirectory" | "enrollmentGroups"> = {},
): Promise<CloudRig> {
  const folder = mkdtempSync(join(tmpdir(), "cave-rig-"));
  defer(t, () => removeFolder(folder));
  const authority = await createAuthority({ commonName: "Test Root CA" });
  const certificateFile = join(folder, "root.cert.pem");
  writeFileSync(certificateFile, authority.certificatePem);
  const cloud = await startLocalCloud({
    stateDirectory: join(folder, "cloud"),
    enrollmentGroups: [{ enrollmentGroupId: "cheesecave-devices", certificateFile }],
    ...options,
  });
  const [hub] = cloud.endpoints.hubs;
  const service = openService(hub?.connectionString ?? "", { trustedCaFile: cloud.endpoints.trustedCaFile });
  defer(t, () => cloud.close());
  defer(t, () => service.close());
  return { folder, cloud, authority, service };
}

export interface AgentOptions {
  deviceId?: string;
  /** Another authority than the enrolled one. */
  authority?: Authority;
  validity?: { notBefore: Date; notAfter: Date };
  idScope?: string;
  host?: string;
  /** More TOML. */
  extra?: string;
}

/** Writes certificate, key and configuration of one device and returns the configuration's path. */
export async function writeAgentConfig(rig: CloudRig, options: AgentOptions = {}): Promise<string> {
  const { deviceId = "cave-01", authority = rig.authority } = options;
  const leaf = await authority.issueDevice({ commonName: deviceId, ...options.validity });
  const path = (name: string) => join(rig.folder, `${deviceId}.${name}`);
  writeFileSync(path("cert.pem"), leaf.certificatePem);
  writeFileSync(path("key.pem"), leaf.keyPem, { mode: 0o600 });
  const { dps, trustedCaFile } = rig.cloud.endpoints;
  writeFileSync(
    path("toml"),
    `[device]
certificateFile = "${path("cert.pem")}"
keyFile = "${path("key.pem")}"
[provisioning]
host = "${options.host ?? dps.host}"
idScope = "${options.idScope ?? dps.idScope}"
deadline = "8s"
retryAfter = "1s"
retryDisabledAfter = "2s"
[tls]
trustedCaFile = "${trustedCaFile}"
[state]
directory = "${path("state")}"
[sensor]
source = "simulated"
readEvery = "500ms"
[cave]
telemetryInterval = 1
[fan]
driver = "simulated"
minimumOn = 0
minimumOff = 0
switchesPerHour = 60
[outbox]
perSecond = 0
[simulation]
speed = 60
${options.extra ?? ""}
`,
  );
  return path("toml");
}

/** Starts an agent; it is killed when the test ends, if it has not ended by itself. */
export async function startAgent(t: Scope, rig: CloudRig, options: AgentOptions = {}): Promise<AgentRig> {
  const config = await writeAgentConfig(rig, options);
  return spawnAgent(t, ["run", "--config", config], options.deviceId ?? "cave-01");
}
