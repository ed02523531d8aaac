import { fanFailure } from "#agent/fan/failure.js";
import type { Fan, FanState } from "#agent/fan/fan.js";
import type { Clock } from "#agent/lib/clock.js";

/** What becomes of a command. `slow` and `late`: obeyed before and after the loop's deadline of 10 s. */
export const FATES = ["obeyed", "refused", "refused, yet moved", "slow", "late", "hanging"] as const;
export type Fate = (typeof FATES)[number];

/** A relay that wears out: where it truly is, and who has moved it when. */
export interface Relay {
  fan: Fan;
  isOn(): boolean;
  moves: { at: number; by: "command" | "itself" }[];
  /** What becomes of the commands from now on. */
  meet(fate: Fate): void;
  /** One that is on falls off by itself, and that is seen: what a fan does that has failed already, nobody can count. */
  fall(): void;
  /** Commands that hang end. */
  letGo(): void;
  /** Most commands that were ever under way at once. */
  atOnce(): number;
}

export function createRelay(clock: Clock): Relay {
  const moves: Relay["moves"] = [];
  let isOn = false;
  let state: FanState = "off";
  let fate: Fate = "obeyed";
  let hanging: (() => void)[] = [];
  let underWay = 0;
  let atOnce = 0;

  function move(on: boolean, by: "command" | "itself"): void {
    if (on !== isOn) moves.push({ at: clock.monotonic(), by });
    isOn = on;
  }

  async function obey(on: boolean): Promise<void> {
    const met = fate;
    if (met === "slow") await clock.sleep(8000);
    if (met === "late") await clock.sleep(45_000);
    if (met === "hanging") await new Promise<void>((resolve) => hanging.push(resolve));
    if (met !== "refused") move(on, "command");
    if (met.startsWith("refused")) {
      state = "failed";
      throw fanFailure(met, "repair the relay");
    }
    state = on ? "on" : "off";
  }

  return {
    moves,
    isOn: () => isOn,
    meet(next) {
      fate = next;
    },
    fall() {
      if (state !== "on") return;
      state = "failed";
      move(false, "itself");
    },
    letGo() {
      for (const end of hanging) end();
      hanging = [];
    },
    atOnce: () => atOnce,
    fan: {
      open: async () => undefined,
      async set(on) {
        underWay += 1;
        atOnce = Math.max(atOnce, underWay);
        await obey(on).finally(() => {
          underWay -= 1;
        });
      },
      confirmed: async () => undefined,
      state: () => state,
      describe: () => ({
        driver: "sysfs",
        detail: "a relay",
        line: "GPIO17",
        feedbackLine: null,
        fault: null,
      }),
      release: async () => undefined,
    },
  };
}
