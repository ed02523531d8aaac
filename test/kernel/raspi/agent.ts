import { CONFIG } from "./gateway.ts";
import { INSTALLED } from "./machine.ts";
import type { Pi } from "./pi.ts";

const PROGRAM = `node /${INSTALLED}/bin/cave-agent.js`;
const LOG = "/run/agent.log";

/** The service on the Pi, with the test in systemd's place. */
export interface PiAgent {
  start(): Promise<void>;
  /** Starts another of its commands, which `kill` ends too. */
  startCommand(words: string): Promise<void>;
  /** SIGKILL for what was started last; resolves when it has gone. */
  kill(): Promise<void>;
  /** Runs another of its commands to its end and resolves to what it said. */
  command(words: string): Promise<string>;
  /** What it logged of an event, one line of JSON each; empty if nothing. */
  logged(event: string): Promise<string>;
  /** The newest lines of its log. */
  log(): Promise<string>;
}

export function agentOn(pi: Pi): PiAgent {
  const startCommand = async (words: string) =>
    void (await pi.run(`${PROGRAM} ${words} --config ${CONFIG} >> ${LOG} 2>&1 & agent=$!`));
  return {
    start: () => startCommand("run"),
    startCommand,
    // The shell in the guest is its parent, and so is told of its end.
    kill: async () => void (await pi.run("kill -9 $agent && ! wait $agent")),
    command: (words) => pi.run(`${PROGRAM} ${words} --config ${CONFIG}`),
    logged: (event) => pi.run(`grep '"event":"${event}"' ${LOG} || true`),
    log: () => pi.run(`tail -n 30 ${LOG}`),
  };
}
