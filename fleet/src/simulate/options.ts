import { resolve } from "node:path";
import { parseCount, parseFolder, parseRunTime } from "../values.ts";

/** What `cave-fleet simulate` was asked for, checked. */
export interface SimulateOptions {
  deviceIds: string[];
  /** Seconds from when all caves are online; undefined: until a signal. */
  runTime: number | undefined;
  json: boolean;
  /** Whether what went wrong is a failure of the run: with --for or --json. */
  judged: boolean;
  stateDirectory: string;
  certificateFolder: string;
}

/** The same as typed. */
export interface SimulateWords {
  caves: string;
  for?: string;
  json?: true;
  state: string;
  certs: string;
}

/**
 * Seconds that so many caves have to come online before a run that ends by itself goes on without those that are late:
 * 3 s a cave, at least 60 s.
 */
export function startAllowance(caves: number): number {
  return Math.max(60, 3 * caves);
}

/** @throws FleetError USAGE */
export function parseSimulateOptions(words: SimulateWords): SimulateOptions {
  const caves = parseCount("--caves", words.caves, { minimum: 1, maximum: 1000 });
  return {
    deviceIds: Array.from({ length: caves }, (_, index) => `cave-${String(index + 1).padStart(2, "0")}`),
    runTime: words.for === undefined ? undefined : parseRunTime("--for", words.for),
    json: words.json === true,
    judged: words.json === true || words.for !== undefined,
    stateDirectory: resolve(parseFolder("--state", words.state)),
    certificateFolder: resolve(parseFolder("--certs", words.certs)),
  };
}
