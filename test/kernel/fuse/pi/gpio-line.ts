import { refusal } from "./errno.ts";

export type Level = 0 | 1;
export type Edge = "none" | "rising" | "falling" | "both";

/** What a line has been through, in order. */
export interface LineEvent {
  /** What moved it: `outside`, or the attribute that was written. */
  cause: string;
  direction: "in" | "out";
  /** On the pad, whatever active_low says. */
  level: Level;
}

/** One line of a GPIO chip, as sysfs and the world outside see it. */
export interface Line {
  /** Who has it: `sysfs`, or the label of another consumer. */
  owner(): string | undefined;
  request(owner: string): void;
  free(owner: string): void;
  direction(): "in" | "out";
  setDirection(wish: string): void;
  edge(): Edge;
  setEdge(wish: string): void;
  activeLow(): boolean;
  setActiveLow(wish: boolean): void;
  /** The level on the pad, turned round by active_low. */
  value(): Level;
  setValue(wish: Level): void;
  /** The level on the pad. */
  level(): Level;
  /** What the world outside puts on the pad, or its pull resistor: seen as long as the line is an input. */
  drive(level: Level): void;
  /** Ties the pad to a level that no output overcomes; undefined ends it. */
  short(level: Level | undefined): void;
  /** Whoever reads the value gets this errno, such as `EIO`; undefined ends it. */
  failReads(code: string | undefined): void;
  /** Edges so far that were asked for. */
  interrupts(): number;
  /** Calls `wake` at each of them, until the function that it returns is called. */
  onInterrupt(wake: () => void): () => void;
  /** Calls `listener` whenever the pad has another level. */
  onLevel(listener: () => void): void;
  readonly history: readonly LineEvent[];
}

const isEdge = (word: string): word is Edge => ["none", "rising", "falling", "both"].includes(word);

/**
 * A line that behaves as Linux Documentation/admin-guide/gpio/sysfs.rst says, with the errno of drivers/gpio/
 * gpiolib-sysfs.c. `becomesInputWhenFree` as on a Raspberry Pi, whose pinctrl takes the pin back (pinctrl-bcm2835).
 * `callsHighInput`: whoever asks for the direction of an output that is high is told that it is an input, and so is the
 * kernel, which lets nobody set it then (FLAG_IS_OUT in gpiod_get_direction and value_store).
 */
export function createLine(options: { becomesInputWhenFree: boolean; callsHighInput: boolean }): Line {
  const history: LineEvent[] = [];
  const watchers = new Set<() => void>();
  const followers: (() => void)[] = [];
  const state = {
    direction: "in" as "in" | "out",
    output: 0 as Level,
    outside: 0 as Level,
    activeLow: false,
  };
  let owner: string | undefined;
  let shorted: Level | undefined;
  let failure: string | undefined;
  let edge: Edge = "none";
  let isCalledInput = false;
  let interrupts = 0;

  const level = (): Level => shorted ?? (state.direction === "out" ? state.output : state.outside);
  const turned = (wanted: Level): Level => (state.activeLow === (wanted === 1) ? 0 : 1);

  function change(cause: string, work: () => void): void {
    const before = { direction: state.direction, level: level() };
    work();
    const after = { direction: state.direction, level: level() };
    if (after.direction === before.direction && after.level === before.level) return;
    history.push({ cause, ...after });
    if (after.level === before.level) return;
    for (const follow of followers) follow();
    const isAsked = edge === "both" || edge === (turned(after.level) === 1 ? "rising" : "falling");
    if (!isAsked) return;
    interrupts += 1;
    for (const wake of watchers) wake();
  }

  return {
    owner: () => owner,
    request(wish) {
      if (owner !== undefined) throw refusal("EBUSY");
      owner = wish;
    },
    free(wish) {
      if (owner !== wish) throw refusal("EINVAL");
      owner = undefined;
      edge = "none";
      state.activeLow = false;
      change("free", () => {
        if (options.becomesInputWhenFree) state.direction = "in";
      });
    },
    direction() {
      isCalledInput = options.callsHighInput && state.direction === "out" && state.output === 1;
      return isCalledInput ? "in" : state.direction;
    },
    setDirection(wish) {
      if (!["in", "out", "low", "high"].includes(wish)) throw refusal("EINVAL");
      // A line with an interrupt cannot become an output (gpiod_direction_output, drivers/gpio/gpiolib.c).
      if (wish !== "in" && edge !== "none") throw refusal("EIO");
      isCalledInput = false;
      change(`direction ${wish}`, () => {
        state.direction = wish === "in" ? "in" : "out";
        if (wish !== "in") state.output = wish === "high" ? 1 : 0;
      });
    },
    edge: () => edge,
    setEdge(wish) {
      if (!isEdge(wish)) throw refusal("EINVAL");
      if (wish !== "none" && state.direction === "out") throw refusal("EIO");
      edge = wish;
    },
    activeLow: () => state.activeLow,
    setActiveLow(wish) {
      state.activeLow = wish;
    },
    value() {
      if (failure !== undefined) throw refusal(failure);
      return turned(level());
    },
    setValue(wish) {
      if (state.direction === "in" || isCalledInput) throw refusal("EPERM");
      change(`value ${wish}`, () => {
        state.output = turned(wish);
      });
    },
    level,
    drive(outside) {
      change("outside", () => {
        state.outside = outside;
      });
    },
    short(wish) {
      change("outside", () => {
        shorted = wish;
      });
    },
    failReads(code) {
      failure = code;
    },
    interrupts: () => interrupts,
    onInterrupt(wake) {
      watchers.add(wake);
      return () => watchers.delete(wake);
    },
    onLevel: (listener) => void followers.push(listener),
    history,
  };
}
