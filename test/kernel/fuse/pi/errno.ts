import { getSystemErrorMap } from "node:util";

const NUMBERS = new Map([...getSystemErrorMap()].map(([number, [name]]) => [name, -number]));

/** What a driver of the kernel would answer, such as `EBUSY`. */
export function refusal(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code, errno: errnoOf(code) });
}

/** The positive number behind a name; throws for a name that this system does not know. */
export function errnoOf(code: string): number {
  const number = NUMBERS.get(code);
  if (number === undefined) throw new Error(`there is no errno ${code}`);
  return number;
}
