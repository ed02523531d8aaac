import { AgentError } from "../errors.ts";

/** Work that must not overlap, one piece after the other. A piece that fails rejects for its caller only. */
export interface Queue {
  /** Goes before all that waits, except for what has come this way earlier. */
  first<T>(work: () => Promise<T>): Promise<T>;
  /** Rejects at once with `CONTROL_BUSY` if as many as are allowed wait this way already. */
  last<T>(work: () => Promise<T>): Promise<T>;
}

/** `atMost` pieces wait for their turn the `last` way. */
export function createQueue(atMost: number): Queue {
  const first: (() => Promise<void>)[] = [];
  const last: (() => Promise<void>)[] = [];
  let isBusy = false;

  async function workOff(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    for (let next = take(); next; next = take()) await next();
    isBusy = false;
  }

  const take = () => first.shift() ?? last.shift();

  function add<T>(line: (() => Promise<void>)[], work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      line.push(() => work().then(resolve, reject));
      void workOff();
    });
  }

  return {
    first: (work) => add(first, work),
    async last(work) {
      if (last.length >= atMost) throw busy(last.length);
      return add(last, work);
    },
  };
}

function busy(waiting: number): AgentError {
  return new AgentError(`${waiting} commands wait for the fan already`, {
    code: "CONTROL_BUSY",
    retryable: true,
    remedy: "ask again later, and less often",
  });
}
