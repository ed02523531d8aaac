import { relative } from "node:path";
import { quote } from "../shell.ts";

/** What a person can do while the caves run. */
export function guide(deviceIds: string[], stateDirectory: string): string {
  const first = deviceIds[0] ?? "cave-01";
  const folder = relative(process.cwd(), stateDirectory) || ".";
  const state = folder === ".local-cloud" ? "" : ` --state ${quote(folder)}`;
  const commands = [
    `npx cave-fleet invoke ${first} SetFanState on${state}`,
    `npx cave-fleet twin ${first} set targetTemperature=11${state}`,
    `npx cave-fleet watch${state}`,
  ];
  const caves = deviceIds.length === 1 ? "One cave runs" : `${deviceIds.length} caves run`;
  return `
${caves} against a cloud on this machine. In a second terminal:

${commands.map((command) => `  ${command}`).join("\n")}

Ctrl-C stops everything.
`;
}
