import { readFileSync } from "node:fs";
import { loadIdentity } from "#agent/hub/identity.js";
import { type CloudRig, writeAgentConfig } from "../../support/rig.js";

/** What cave-01 connects with. */
export async function credentialsOf(rig: CloudRig) {
  await writeAgentConfig(rig);
  const file = (name: string) => `${rig.folder}/cave-01.${name}.pem`;
  return {
    identity: loadIdentity({ id: "", certificateFile: file("cert"), keyFile: file("key") }),
    trustedCaPem: readFileSync(rig.cloud.endpoints.trustedCaFile, "utf8"),
    modelId: "dtmi:cheesecave:CaveGateway;1",
  };
}

/** How many sockets this process holds, those that are still being connected among them. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCPSocketWrap|TCPConnectWrap)$/.test(name))
    .length;
}
