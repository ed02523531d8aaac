/** One part of the program that lives from start to stop. */
export interface Room {
  name: string;
  /** Lives until `signal` aborts. Rejecting earlier is a fault that ends the program. */
  run?(signal: AbortSignal): Promise<void>;
  /** What it still wants to do before it is told to stop. Must be bounded in time. */
  beforeStop?(): Promise<void>;
  /** What is left to do after it has ended: let go of hardware, close files. */
  afterStop?(): Promise<void>;
}

export interface Life {
  /** Rejects with the first fault of a room; otherwise never settles. */
  fault: Promise<never>;
  /** Ends the rooms in reverse order, each wholly before the next; one that fails does not keep the others. */
  stop(onFault: (room: string, error: unknown) => void): Promise<void>;
}

/** Starts the rooms in the order of the list. */
export function startRooms(rooms: Room[]): Life {
  let fail: (error: unknown) => void = () => undefined;
  const fault = new Promise<never>((_, reject) => {
    fail = reject;
  });
  fault.catch(() => undefined);
  const living = rooms.map((room) => {
    const ending = new AbortController();
    const ended = room.run?.(ending.signal) ?? Promise.resolve();
    ended.catch(fail);
    return { room, ending, ended };
  });
  return {
    fault,
    async stop(onFault) {
      for (const { room, ending, ended } of living.toReversed()) {
        const report = (error: unknown) => onFault(room.name, error);
        await room.beforeStop?.().catch(report);
        ending.abort();
        await ended.catch(report);
        await room.afterStop?.().catch(report);
      }
    },
  };
}
