import { readFileSync, writeFileSync } from "node:fs";
import type { Scope } from "../support/cleanup.ts";
import {
  type AgentOptions,
  type AgentRig,
  type CloudRig,
  spawnAgent,
  writeAgentConfig,
} from "../support/rig.ts";

/** Values by `section.key`; they take the place of what the rig has chosen. */
export type Changes = Record<string, string | number | boolean>;

/** Writes the configuration of the rig with these changes and returns its path. */
export async function writeConfig(
  rig: CloudRig,
  changes: Changes,
  options: AgentOptions = {},
): Promise<string> {
  const file = await writeAgentConfig(rig, options);
  let text = readFileSync(file, "utf8");
  for (const [path, value] of Object.entries(changes)) text = change(text, path, JSON.stringify(value));
  writeFileSync(file, text);
  return file;
}

/** A real agent process with these changes to the rig's configuration. */
export async function startWith(
  t: Scope,
  rig: CloudRig,
  changes: Changes,
  options: AgentOptions = {},
  env: NodeJS.ProcessEnv = {},
): Promise<AgentRig> {
  const config = await writeConfig(rig, changes, options);
  return spawnAgent(t, ["run", "--config", config], options.deviceId ?? "cave-01", env);
}

function change(text: string, path: string, value: string): string {
  const [section = "", key = ""] = path.split(".");
  const sections = text.split(/^(?=\[)/m);
  const at = sections.findIndex((part) => part.startsWith(`[${section}]`));
  if (at < 0) return `${text}\n[${section}]\n${key} = ${value}\n`;
  const lines = (sections[at] ?? "").split("\n").filter((line) => !line.startsWith(`${key} =`));
  sections[at] = [lines[0], `${key} = ${value}`, ...lines.slice(1)].join("\n");
  return sections.join("");
}
