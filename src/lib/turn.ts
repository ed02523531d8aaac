/** Runs pieces of work one after the other, in the order they were given. */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>;

/** A piece that fails rejects for its caller only; the next one has its turn all the same. */
export function createTurn(): Turn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
