// What the agent uses of onoff 6. Declared here because the package is optional: where epoll cannot be built, npm takes
// onoff away too, with its types, and the rest must still compile.
declare module "onoff" {
  export class Gpio {
    constructor(
      gpio: number,
      direction: "in" | "out",
      edge: "none" | "both",
      options: { reconfigureDirection: boolean },
    );
    direction(): string;
    setEdge(edge: "none" | "both"): void;
    read(): Promise<0 | 1>;
    readSync(): 0 | 1;
    write(value: 0 | 1): Promise<void>;
    watch(callback: (error: Error | null | undefined, value: 0 | 1) => void): void;
    unwatchAll(): void;
    /** Internal to onoff: which edges `watch` tells. `setEdge` sets them. */
    _risingEnabled: boolean;
    _fallingEnabled: boolean;
    /** Internal to onoff, which has no way to close these without an unexport. */
    readonly _valueFd: number;
    readonly _poller: { close(): void };
  }
}
