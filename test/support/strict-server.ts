import { join } from "node:path";
import type { TestContext } from "node:test";
import { createServer, type SecureVersion, type TLSSocket } from "node:tls";
import { loadServerCredentials } from "#cloud/certificates/server-certificate.js";
import { defer } from "./cleanup.ts";
import type { CloudRig } from "./rig.ts";

/**
 * A server that proves itself as the local cloud does, and closes the connection of whoever has no certificate of the
 * enrolled CA, without an alert, as Node does. Resolves to its port.
 */
export async function startStrictServer(
  t: TestContext,
  rig: CloudRig,
  version: SecureVersion,
  onClient: (client: TLSSocket) => void,
): Promise<number> {
  const { certificate, key } = await loadServerCredentials(join(rig.folder, "cloud", "tls"), new Date());
  const clients = new Set<TLSSocket>();
  const server = createServer(
    { cert: certificate, key, ca: rig.authority.certificatePem, requestCert: true, maxVersion: version },
    (client) => {
      clients.add(client);
      client.on("error", () => client.destroy());
      client.on("close", () => clients.delete(client));
      onClient(client);
    },
  );
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  defer(t, async () => {
    for (const client of clients) client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  return address.port;
}
