/** What stands in for the kernel of a Raspberry Pi. Its tests are test/kernel/NAME/*.test.ts. */
export interface Rig {
  name: string;
  /** It takes seconds. */
  isFast: boolean;
  /** Test files at a time. */
  atATime: number;
  /** Milliseconds after which a test that hangs is called failed. */
  timeout: number;
  /** What keeps it from running here: a skip, but in CI a failure, unless it `isImpossible` there. */
  canRun(): Obstacle | undefined | Promise<Obstacle | undefined>;
  /** Done once, before its first test. */
  prepare?(): Promise<void>;
  /** The words before the `node --test` of each file. */
  enter?(): string[];
  /** More environment of the tests. */
  env?(): Record<string, string>;
}

export interface Obstacle {
  reason: string;
  isImpossible?: boolean;
}
