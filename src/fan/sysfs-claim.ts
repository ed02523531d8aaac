import { stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { hearSocket } from "../lib/unix-socket.ts";

/** Says that a process of the agent's has a line, for as long as it lives. */
export interface Claim {
  release(): void;
}

/**
 * /sys/class/gpio does not tell which process uses a line, and lets all of them write it. So whoever switches one listens
 * on a socket that only has a name (abstract, unix(7)), which the kernel takes away with the process; in another network namespace it is not heard. Anybody may listen
 * there, so it keeps no agent from its fan: only a person's command asks. Never rejects.
 */
export async function claimLine(folder: string, number: number): Promise<Claim> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end("cave-agent");
  });
  server.unref();
  const name = await nameOf(folder, number);
  if (name !== undefined) await listen(server, name);
  return { release: () => void server.close() };
}

/** Whether a living process has claimed the line. */
export async function isClaimed(folder: string, number: number): Promise<boolean> {
  const name = await nameOf(folder, number);
  return name !== undefined && (await hearSocket(name, () => true)) !== undefined;
}

/** By the folder's identity, since another mount may show other lines. */
async function nameOf(folder: string, number: number): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  const found = await stat(folder).catch(() => undefined);
  return found && `\0cave-agent/gpio/${found.dev}-${found.ino}/${number}`;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((done) => {
    server.on("error", () => done());
    server.listen({ path }, done);
  });
}
