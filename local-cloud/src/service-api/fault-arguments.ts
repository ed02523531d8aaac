import { type AzureError, invalidArgument } from "../azure-error.ts";
import type { Json } from "../hub/json.ts";

/** The arguments of one switch, read in their order. Each method throws 400004 for what it cannot take. */
export interface Arguments {
  number(name: string, smallest: number, largest: number): number;
  optionalNumber(name: string, smallest: number, largest: number): number | undefined;
  integer(name: string, smallest: number, largest: number): number;
  optionalInteger(name: string, smallest: number, largest: number): number | undefined;
  oneOf<T extends string | number>(name: string, allowed: readonly T[]): T;
  optionalOneOf<T extends string | number>(name: string, allowed: readonly T[]): T | undefined;
  optionalBoolean(name: string): boolean | undefined;
  /** Refuses arguments that nobody has read. */
  end(): void;
}

/** @param given a list, or the only argument by itself. */
export function readArguments(switchName: string, given: Json): Arguments {
  const rest = Array.isArray(given) ? [...given] : [given];
  const read = <T extends Json>(name: string, fits: (value: Json) => value is T, allowed: string): T => {
    const value = rest.shift();
    if (value !== undefined && fits(value)) return value;
    throw refusal(switchName, name, value, allowed);
  };
  const optional = <T>(required: () => T): T | undefined => {
    if (rest[0] !== undefined && rest[0] !== null) return required();
    rest.shift();
    return undefined;
  };
  const ranged = (isFit: (value: unknown) => boolean, what: string) => {
    return (name: string, smallest: number, largest: number) => {
      const fits = (value: Json): value is number =>
        typeof value === "number" && isFit(value) && value >= smallest && value <= largest;
      return read(name, fits, `${what} from ${smallest} to ${largest}`);
    };
  };
  const number = ranged(Number.isFinite, "a number");
  const integer = ranged(Number.isInteger, "a whole number");
  const oneOf = <T extends string | number>(name: string, allowed: readonly T[]): T => {
    const fits = (value: Json): value is T => allowed.some((candidate) => candidate === value);
    return read(name, fits, `one of ${allowed.join(", ")}`);
  };
  const isBoolean = (value: Json): value is boolean => typeof value === "boolean";
  return {
    number,
    integer,
    oneOf,
    optionalNumber: (...range) => optional(() => number(...range)),
    optionalInteger: (...range) => optional(() => integer(...range)),
    optionalOneOf: (name, allowed) => optional(() => oneOf(name, allowed)),
    optionalBoolean: (name) => optional(() => read(name, isBoolean, "true or false")),
    end() {
      if (rest.length > 0) throw refusal(switchName, "one argument too many", rest[0], "left out");
    },
  };
}

function refusal(switchName: string, name: string, value: Json | undefined, allowed: string): AzureError {
  const given = value === undefined ? "missing" : JSON.stringify(value);
  return invalidArgument(`${switchName}: ${name} is ${given}, must be ${allowed}`);
}
