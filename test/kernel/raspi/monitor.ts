import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { until } from "../../support/until.ts";

/** QEMU's monitor: what somebody with probes on the board would see. */
export interface Monitor {
  /** Resolves to what the monitor answers to a command, such as `xp /1xw 0x3f200034`. */
  ask(command: string): Promise<string>;
  /** The 32 bits of a register at a physical address. */
  register(address: number): Promise<number>;
  close(): void;
}

interface Answer {
  return?: unknown;
  error?: { desc: string };
}

/** Connects to the monitor that QEMU serves at this Unix socket by its JSON protocol (docs/interop/qmp-spec.rst). */
export async function openMonitor(path: string): Promise<Monitor> {
  const socket = await until("QEMU opens its monitor", () => connected(path).catch(() => undefined));
  const waiting: ((answer: Answer) => void)[] = [];
  createInterface({ input: socket }).on("line", (line) => {
    const message = JSON.parse(line) as Answer;
    // A greeting and events come by themselves; answers come in the order of the commands.
    if ("return" in message || "error" in message) waiting.shift()?.(message);
  });
  const execute = async (name: string, words?: object): Promise<unknown> => {
    const answered = new Promise<Answer>((resolve) => waiting.push(resolve));
    socket.write(`${JSON.stringify({ execute: name, arguments: words })}\n`);
    const { return: value, error } = await answered;
    if (error) throw new Error(`QEMU refuses ${name}: ${error.desc}`);
    return value;
  };
  const ask = async (command: string) =>
    String(await execute("human-monitor-command", { "command-line": command }));
  await execute("qmp_capabilities");
  return {
    ask,
    async register(address) {
      const answer = await ask(`xp /1xw 0x${address.toString(16)}`);
      const value = /: 0x([0-9a-f]{8})/.exec(answer)?.[1];
      if (value === undefined) throw new Error(`the monitor says ${answer}`);
      return Number.parseInt(value, 16);
    },
    close: () => socket.destroy(),
  };
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, "connect");
  // It ends with QEMU.
  socket.on("error", () => undefined);
  return socket;
}
