/** Whose turn it is to be tried: the old one that has proven itself, or the new one that has not yet. */
export interface Turns {
  isOlds(): boolean;
  /** The new one was refused, and the old one was not since. */
  isNewBarred(): boolean;
  /** A try of that one has failed, whatever the reason. */
  failed(isOld: boolean): void;
  refused(isOld: boolean): void;
  connected(isOld: boolean): void;
}

/** Odd, so that each also meets each of two hubs that are tried in turn. */
const TRIES = 3;

/**
 * The new one first, three tries each: a server that does not want a certificate need not say so, and looks then like a
 * network that is down. One that says so bars the new one, until it refuses the old one as well. Where the old one has
 * got in, the new one has a single try at each later connection.
 */
export function createTurns(): Turns {
  let isOlds = false;
  let isNewBarred = false;
  let left = TRIES;

  function pass(toOld: boolean): void {
    isOlds = toOld;
    left = TRIES;
  }

  return {
    isOlds: () => isOlds,
    isNewBarred: () => isNewBarred,
    failed(isOld) {
      if (isOld !== isOlds || isNewBarred) return;
      left -= 1;
      if (left === 0) pass(!isOld);
    },
    refused(isOld) {
      if (isOld !== isOlds) return;
      isNewBarred = !isOld;
      pass(!isOld);
    },
    connected(isOld) {
      if (!isOld || !isOlds || isNewBarred) return;
      isOlds = false;
      left = 1;
    },
  };
}
