import { connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** A stretch of wire in front of a server, on which connections are counted. */
export interface Relay {
  /** `localhost:port` */
  host: string;
  connections(): number;
  /** When each of them came, milliseconds of `performance.now()`. */
  readonly times: readonly number[];
  /** Those that have not ended. */
  openNow(): number;
}

/** @param target `localhost:port` of the server. */
export async function startRelay(t: TestContext, target: string): Promise<Relay> {
  const port = Number(target.split(":")[1]);
  const open = new Set<Socket>();
  const times: number[] = [];
  const server = createServer((near) => {
    times.push(performance.now());
    const far = connect({ host: "127.0.0.1", port });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the relay has no port");
  return {
    host: `localhost:${address.port}`,
    connections: () => times.length,
    times,
    openNow: () => Math.ceil(open.size / 2),
  };
}
