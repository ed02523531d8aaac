/** A fault that holds for a number of times, or until it is cleared when there is none. */
export interface Counted {
  times?: number | undefined;
}

/** Uses up one time of a fault; true while it holds. */
export function spend(fault: Counted | undefined): boolean {
  if (!fault || fault.times === 0) return false;
  if (fault.times !== undefined) fault.times -= 1;
  return true;
}

/** The faults that still hold, for people to read. */
export function stillActive<T extends object>(faults: T): Partial<T> {
  const holds = (fault: unknown) =>
    fault !== undefined &&
    !(typeof fault === "object" && fault !== null && "times" in fault && fault.times === 0);
  const entries = Object.entries(faults).filter(([, fault]) => holds(fault));
  return Object.fromEntries(entries) as Partial<T>;
}
