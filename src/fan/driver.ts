import type { AgentError } from "../errors.ts";
import type { Pull } from "./fan.ts";
import type { Line } from "./line.ts";
import type { LineUsers } from "./sysfs-users.ts";

/** A line of an interface, for the interface alone to read. */
export interface LineRequest {
  line: Line;
  /** The key of the configuration that names it. */
  key: string;
  activeLow: boolean;
}

/** A line as it is found, and left. */
export interface LineFacts {
  /** `GPIO17 is line 17 of gpiochip0 [pinctrl-rp1]`. */
  where: string;
  /** Undefined where the interface does not show it. */
  direction: "input" | "output" | undefined;
  /** Whether its level is the active one; undefined where that cannot be read without changing the line. */
  on: boolean | undefined;
  /** Who holds it; undefined if nobody does, or it cannot be told. */
  consumer: string | undefined;
  /** Of a line that is exported in /sys/class/gpio, which everybody may use. */
  users?: LineUsers;
}

/** An output that was taken. Levels are logical: true is the active one. */
export interface Output {
  where: string;
  /** Where it was when it was taken. */
  found: boolean;
  /** Resolves once the line has the level, as far as the interface can show it; rejects with `FAN_FAILED`. */
  set(on: boolean): Promise<void>;
  /** Lets go of the line; the driver's file says what the pin does then. */
  close(): Promise<void>;
}

/** An input that is watched. */
export interface Input {
  /** The level now, read anew. */
  read(): Promise<boolean>;
  /** How long a level that is as it should be is believed: an edge may have been missed. Milliseconds. */
  readAgain: number;
  close(): Promise<void>;
}

/** One of the kernel's two GPIO interfaces. */
export interface GpioDriver {
  /** Rejects with `FAN_FAILED` if the line is not there or may not be used. */
  look(request: LineRequest): Promise<LineFacts>;
  /**
   * Takes the line as an output. One that is an output already keeps its level, if that can be read, and so does one
   * that is exported in /sys/class/gpio, high and without edges, even if it is called an input: it may be an output all
   * the same; any other begins with `initial`. One that could not be taken is left as it was, as far as that goes.
   * `onLost` is called, at most once, if it is lost later: it is closed then.
   */
  openOutput(
    request: LineRequest & { initial: boolean },
    onLost: (error: AgentError) => void,
  ): Promise<Output>;
  /**
   * Takes the line as an input, at the latest with the first `read`: from then on `onEdge` is told the new level at each
   * change; `onLost` as above.
   */
  openInput(
    request: LineRequest & { pull: Pull },
    onEdge: (level: boolean) => void,
    onLost: (error: AgentError) => void,
  ): Promise<Input>;
}
