import { resolve } from "node:path";
import { parseCount, parseRunTime } from "../values.ts";

/** What `cave-fleet simulate` was asked for, checked. */
export interface SimulateOptions {
  deviceIds: string[];
  /** Seconds from the start of the caves; undefined: until a signal. */
  runTime: number | undefined;
  json: boolean;
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

/** @throws FleetError USAGE */
export function parseSimulateOptions(words: SimulateWords): SimulateOptions {
  const caves = parseCount("--caves", words.caves, { minimum: 1, maximum: 1000 });
  return {
    deviceIds: Array.from({ length: caves }, (_, index) => `cave-${String(index + 1).padStart(2, "0")}`),
    runTime: words.for === undefined ? undefined : parseRunTime("--for", words.for),
    json: words.json === true,
    stateDirectory: resolve(words.state),
    certificateFolder: resolve(words.certs),
  };
}
