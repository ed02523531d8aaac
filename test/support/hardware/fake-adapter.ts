import type { I2cAdapter, OpenI2cAdapter } from "#agent/sensor/i2c-bus.js";

/** What sits at an address: the chip models fit. */
export interface Slave {
  write(bytes: ArrayLike<number>): boolean;
  read(length: number): Uint8Array | undefined;
}

/** The I2C controller of a machine at the byte edge: slaves behind it, and the errors of the kernel before it. */
export interface FakeController {
  open: OpenI2cAdapter;
  /** By address; take one out and it is gone. */
  readonly slaves: Map<number, Slave>;
  /** The errno of the next transfers, in their order; undefined: that one is sound. */
  readonly errors: (string | undefined)[];
  /** While set, every transfer fails so. */
  broken: string | undefined;
  /** While true, transfers begin and do not end; then they go on. */
  hang(isHanging: boolean): void;
  /** How many transfers are under way, how many files are open, how often one was opened. */
  counts(): { underWay: number; open: number; opened: number };
  /** The most transfers that were ever under way at once. */
  busiest(): number;
}

/** `nack` is what a NACK is called: EREMOTEIO on a Raspberry Pi, ENXIO behind an MCP2221. */
export function createController(slaves: [number, Slave][] = [], nack = "EREMOTEIO"): FakeController {
  let underWay = 0;
  let busiest = 0;
  let openFiles = 0;
  let opened = 0;
  let gate = Promise.resolve();
  let release = () => {};

  async function transfer<T>(work: () => T | undefined): Promise<T> {
    underWay += 1;
    busiest = Math.max(busiest, underWay);
    try {
      await gate;
      const error = controller.errors.shift() ?? controller.broken;
      if (error) throw errnoError(error);
      const result = work();
      if (result === undefined) throw errnoError(nack);
      return result;
    } finally {
      underWay -= 1;
    }
  }

  const controller: FakeController = {
    async open() {
      openFiles += 1;
      opened += 1;
      const adapter: I2cAdapter = {
        async write(address, bytes) {
          await transfer(() => (controller.slaves.get(address)?.write(bytes) ? true : undefined));
        },
        read: (address, length) => transfer(() => controller.slaves.get(address)?.read(length)),
        async close() {
          openFiles -= 1;
        },
      };
      return adapter;
    },
    slaves: new Map(slaves),
    errors: [],
    broken: undefined,
    hang(isHanging) {
      release();
      gate = new Promise((resolve) => {
        release = resolve;
      });
      if (!isHanging) release();
    },
    counts: () => ({ underWay, open: openFiles, opened }),
    busiest: () => busiest,
  };
  return controller;
}

/** As Node gives a system call's failure. */
export function errnoError(code: string): Error {
  return Object.assign(new Error(`${code}: the transfer failed, as the kernel would say`), { code });
}
