/** What stands in for the kernel of a Raspberry Pi. */
export interface Rig {
  name: string;
  /** Its tests are test/kernel/FOLDER/*.test.ts. */
  folder: string;
  /** It takes seconds. */
  isFast: boolean;
  /** Test files at a time. */
  atATime: number;
  /** Milliseconds after which a test that hangs is called failed. */
  timeout: number;
  /** What keeps it from running here: a skip, but in CI a failure, unless it `isImpossible` there. */
  canRun(): Obstacle | undefined | Promise<Obstacle | undefined>;
  /** Done once, before its first test. An error named `Unavailable` is an obstacle like those of `canRun`. */
  prepare?(): Promise<void>;
  /** The words before the `node --test` of each file. */
  enter?(): string[];
  /** The Node that runs the tests; the one that runs this if there is none. */
  node?: string;
  /** The same rig with another Node, if it can have one. */
  on?(other: OtherNode): Rig;
  /** More environment of the tests. */
  env?(): Record<string, string>;
}

export interface Obstacle {
  reason: string;
  isImpossible?: boolean;
}

/** A Node with the add-ons built for it. */
export interface OtherNode {
  version: string;
  /** The path of the program. */
  node: string;
  /** Folders of builds, and those that they take the place of. */
  replacements: { by: string; place: string }[];
}
