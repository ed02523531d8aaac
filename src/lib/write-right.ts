/** Who writes to a folder that others may write to as well asks before. */
export interface WriteRight {
  /** Resolves once it is had; at once if it is. Rejects if it cannot be had now: another time it may. */
  take(): Promise<void>;
  isTaken(): boolean;
}

export const FREE: WriteRight = { take: async () => undefined, isTaken: () => true };
