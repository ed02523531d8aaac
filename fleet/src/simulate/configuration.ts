import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deviceFiles } from "../certs/files.ts";
import { makeFolder } from "../folder.ts";

const TEMPLATE = fileURLToPath(new URL("../../../config/simulator.toml", import.meta.url));

/** What a simulated cave has to know of the world it starts in. */
export interface World {
  stateDirectory: string;
  certificateFolder: string;
  dpsHost: string;
  idScope: string;
  trustedCaFile: string;
}

/** Where one simulated cave keeps its things. */
export interface CaveFiles {
  configFile: string;
  logFile: string;
}

/** Writes the configuration of each cave from config/simulator.toml; the n-th cave has seed n. */
export async function writeConfigurations(
  world: World,
  deviceIds: string[],
): Promise<Map<string, CaveFiles>> {
  const template = await readFile(TEMPLATE, "utf8");
  const written = new Map<string, CaveFiles>();
  for (const [index, deviceId] of deviceIds.entries()) {
    const folder = join(world.stateDirectory, "caves", deviceId);
    await makeFolder(folder, "--state");
    const files = { configFile: join(folder, "config.toml"), logFile: join(folder, "agent.log") };
    const values = {
      ...deviceFiles(world.certificateFolder, deviceId),
      dpsHost: world.dpsHost,
      idScope: world.idScope,
      trustedCaFile: world.trustedCaFile,
      stateDirectory: join(folder, "state"),
      seed: index + 1,
    };
    await writeFile(files.configFile, fillTemplate(template, values));
    written.set(deviceId, files);
  }
  return written;
}

/**
 * Puts `values` where `"@name@"` stands. A JSON string is also a TOML basic string (TOML 1.0, "String").
 * @throws Error if the template asks for a value that there is not
 */
export function fillTemplate(template: string, values: Record<string, string | number>): string {
  return template.replace(/"@([A-Za-z]+)@"/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`config/simulator.toml asks for @${name}@, which is not known`);
    return JSON.stringify(value);
  });
}
