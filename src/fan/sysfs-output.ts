import { type AgentError, messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { overdue } from "../lib/deadline.ts";
import { everyPeriod } from "../lib/periodic.ts";
import { createTurn } from "../lib/turn.ts";
import type { Output } from "./driver.ts";
import { CHECK_USERS, fanDeadline, fanFailure } from "./failure.ts";
import { isAt } from "./second-look.ts";

/** The kernel tells nobody that a line was unexported, or written by another. Milliseconds. */
const LOOK_EVERY = 5000;

export interface SysfsOutputParts {
  /**
   * The line, as onoff has it open; not by its synchronous calls, since a chip behind a bus may take its time. Its direction
   * is not asked for: hid-mcp2221 calls an output that is high an input, and the kernel then refuses to set it.
   */
  gpio: { read(): Promise<0 | 1>; write(value: 0 | 1): Promise<void> };
  /** Called once, when nothing of `gpio` is under way any more. */
  close: () => void;
  where: string;
  /** The level that it has. */
  found: boolean;
  clock: Clock;
  /** It is gone, or has another level than the one that was set. The output is of no use then. */
  onLost: (error: AgentError) => void;
}

/** An output of /sys/class/gpio that was taken, looked at every 5 s until it is lost or closed. */
export function createSysfsOutput({ gpio, close, where, found, clock, onLost }: SysfsOutputParts): Output {
  const turn = createTurn();
  const ending = new AbortController();
  let wanted = found;
  /** Why it takes no more commands. */
  let over: AgentError | undefined;

  function end(why: AgentError): void {
    over = why;
    ending.abort();
    void turn(async () => close()).catch(() => undefined);
  }

  function lose(why: AgentError): void {
    if (over) return;
    end(why);
    onLost(why);
  }

  /** A look that hangs is a loss too; the turn is its own until it has ended, since what it reads is closed then. */
  async function look(): Promise<void> {
    if (over) return;
    const deadline = fanDeadline(`${where} to be read`);
    const callOff = clock.after(deadline.after, () => lose(overdue(deadline)));
    const trouble = await troubleOf();
    callOff();
    if (trouble) lose(trouble);
  }

  async function troubleOf(): Promise<AgentError | undefined> {
    try {
      return (await obeys(wanted)) ? undefined : contraryTo(wanted, where);
    } catch (error) {
      return fanFailure(`${where}; it was taken away: ${messageOf(error)}`, CHECK_USERS, error);
    }
  }

  const obeys = (on: boolean) => isAt(bit(on), () => gpio.read(), clock);

  async function set(on: boolean): Promise<void> {
    if (over) throw over;
    wanted = on;
    try {
      await gpio.write(bit(on));
    } catch (error) {
      throw fanFailure(`${where}; it cannot be set: ${messageOf(error)}`, CHECK_USERS, error);
    }
    if (!(await obeys(on))) throw contraryTo(on, where);
  }

  void everyPeriod(
    () => LOOK_EVERY,
    () => turn(look),
    clock,
    ending.signal,
  );
  return {
    where,
    found,
    set: (on) => turn(() => set(on)),
    async close() {
      if (!over) end(fanFailure(`${where}; it was let go`, "nothing, the agent has done so"));
    },
  };
}

const bit = (on: boolean): 0 | 1 => (on ? 1 : 0);

function contraryTo(on: boolean, where: string): AgentError {
  return fanFailure(
    `${where}; it was set ${on ? "active" : "inactive"} and reads the contrary`,
    "check the line for a short circuit, and that nothing else drives it",
  );
}
