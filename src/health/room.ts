import { access } from "node:fs/promises";
import { dirname, relative } from "node:path";
import type { Config } from "../config.ts";
import { AgentError, causeOf, isAgentError, messageOf } from "../errors.ts";
import { orAborted } from "../lib/abort.ts";
import type { Clock } from "../lib/clock.ts";
import { createPatience, type Patience } from "../lib/patience.ts";
import { everyPeriod } from "../lib/periodic.ts";
import type { Logger } from "../log.ts";
import {
  openLoopbackServer,
  openStatusServer,
  type StatusServer,
  type StatusServerOptions,
} from "./socket.ts";
import { statusSocketOf } from "./socket-path.ts";

/** The agent's status socket, and status.listen if it is set, for as long as the agent runs. */
export interface StatusRoom {
  /** Opens either again, once a minute, while it could not be opened or is gone; resolves once `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Waits 0.5 s for a disk that hangs, and leaves the socket's name where it is then. */
  close(): Promise<void>;
}

export interface StatusRoomParts extends Pick<StatusServerOptions, "document" | "diagnose"> {
  log: Logger;
  clock: Clock;
  /** With the state directory's disk. */
  patience: Patience;
  /** Why one of them is not there, or both; undefined: they are. Called when that changes. */
  onChange: (unusable: AgentError | undefined) => void;
}

const LOOK_EVERY = 60_000;
/** Milliseconds. What is stopped after this room has to have its time. */
const CLOSE_DEADLINE = 500;

/** One way to ask the agent. */
interface Door {
  open: () => Promise<StatusServer>;
  isThere: () => Promise<boolean>;
  /** What cannot be done without it. */
  loss: string;
  server?: StatusServer | undefined;
  fault?: AgentError | undefined;
}

/**
 * Opens the agent's status socket and, by itself, status.listen. That one cannot be opened is told, and does not keep the
 * cave from living. Rejects with `STATUS_SOCKET_IN_USE` if another agent listens on the socket: two of one configuration
 * are a mistake to be seen at once.
 */
export async function openStatus(config: Config, parts: StatusRoomParts): Promise<StatusRoom> {
  const { document, diagnose, log, clock, onChange } = parts;
  const { listen } = config.status;
  const socket = statusSocketOf(config);
  // Elsewhere it may be on another disk, and serve to ask what the state directory's does.
  const isElsewhere = relative(config.state.directory, socket).startsWith("..");
  const patience = isElsewhere ? createPatience(dirname(socket), clock) : parts.patience;
  const local: Door = {
    open: () => openStatusServer({ document, diagnose, socket, patience }),
    isThere: () => patience(() => isAt(socket)).catch(() => true),
    loss: "the agent cannot be asked on this machine",
  };
  const loopback: Door = {
    open: () => openLoopbackServer(listen, document),
    isThere: async () => true,
    loss: "status and metrics are not served on TCP",
  };
  const doors = listen === "" ? [local] : [local, loopback];
  let told: string | undefined;
  let looking = Promise.resolve();

  function tell(): void {
    const unusable = combine(doors.flatMap(({ fault }) => fault ?? []));
    if (unusable?.message === told) return;
    told = unusable?.message;
    onChange(unusable);
  }

  async function open(door: Door): Promise<void> {
    try {
      door.server = await door.open();
      door.fault = undefined;
    } catch (error) {
      const before = door.fault?.message;
      door.fault = asUnusable(error);
      if (door.fault.message === before) return;
      log.warn({ event: "status-socket", ...causeOf(door.fault) }, door.loss);
    }
  }

  async function look(): Promise<void> {
    for (const door of doors) {
      if (door.server && (await door.isThere())) continue;
      await door.server?.close().catch(() => undefined);
      door.server = undefined;
      await open(door);
    }
    tell();
  }

  async function closeAll(): Promise<void> {
    await looking;
    await Promise.allSettled(doors.map(({ server }) => server?.close()));
  }

  const close = () => Promise.race([closeAll(), clock.sleep(CLOSE_DEADLINE)]);
  for (const door of doors) await open(door);
  if (local.fault?.code === "STATUS_SOCKET_IN_USE") {
    await close();
    throw local.fault;
  }
  tell();
  return {
    run: (signal) =>
      everyPeriod(
        () => LOOK_EVERY,
        () => {
          looking = look();
          return orAborted(looking, signal);
        },
        clock,
        signal,
      ),
    close,
  };
}

function isAt(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function combine([first, ...others]: AgentError[]): AgentError | undefined {
  if (!first || others.length === 0) return first;
  const { code, retryable, remedy } = first;
  const message = [first, ...others].map((each) => each.message).join("; ");
  return new AgentError(message, { code, retryable, remedy });
}

function asUnusable(error: unknown): AgentError {
  if (isAgentError(error)) return error;
  return new AgentError(messageOf(error), {
    code: "STATUS_SOCKET_UNUSABLE",
    retryable: true,
    remedy: "report this fault with the log",
    cause: error,
  });
}
