import type { Command } from "commander";
import { checkDeviceId } from "../certs/names.ts";
import { usageError } from "../errors.ts";
import { note, print } from "../output.ts";
import { type AckOutcome, waitForAcknowledgement } from "../service/acknowledgement.ts";
import type { HubOptions } from "../service/find-hubs.ts";
import type { JsonObject, Service } from "../service/service.ts";
import { SETTINGS } from "../settings.ts";
import { parseAssignments, parseRemovals } from "../values.ts";
import { addHubOptions, withService } from "./hub-options.ts";

interface TwinOptions extends HubOptions {
  force?: true;
}

/** Milliseconds that a connected device is given to acknowledge. */
const ACKNOWLEDGE_WITHIN = 5000;

const EXAMPLES = `
Actions:
  show (default)          prints the twin
  set key=value ...       writes desired properties, then waits for the device's word
  unset key ...           removes them: the device goes back to its default

Examples:
  cave-fleet twin cave-01
  cave-fleet twin cave-01 set targetTemperature=11 fanMode=auto
  cave-fleet twin cave-01 unset targetTemperature

Exit code 1 if the device refuses a value or is connected and does not answer.`;

export function addTwinCommand(program: Command, end: (exitCode: number) => void): void {
  addHubOptions(
    program
      .command("twin")
      .description("show or change the twin of one device")
      .argument("<deviceId>")
      .argument("[action]", "show, set or unset", "show")
      .argument("[words...]", "key=value for set, key for unset"),
  )
    .option("--force", "set or unset also what cave-agent does not know")
    .addHelpText("after", EXAMPLES)
    .action(async (deviceId: string, action: string, words: string[], options: TwinOptions) => {
      end(await twin(deviceId, action, words, options));
    });
}

async function twin(
  deviceId: string,
  action: string,
  words: string[],
  options: TwinOptions,
): Promise<number> {
  checkDeviceId(deviceId);
  if (action === "show" && words.length === 0) {
    print(JSON.stringify(await withService(options, (service) => service.getTwin(deviceId)), null, 2));
    return 0;
  }
  const patch = patchFor(action, words);
  checkSettings(Object.keys(patch), options.force === true);
  return await withService(options, (service) => change(service, deviceId, patch));
}

function patchFor(action: string, words: string[]): JsonObject {
  if (action !== "set" && action !== "unset") {
    const word = action === "show" ? `show ${words.join(" ")}` : action;
    throw usageError(`twin cannot ${JSON.stringify(word)}`, "use show, set key=value ... or unset key ...");
  }
  if (words.length === 0) {
    const example = action === "set" ? "set targetTemperature=11" : "unset targetTemperature";
    throw usageError(`${action} what?`, `write ${example}`);
  }
  return action === "set" ? parseAssignments(words) : parseRemovals(words);
}

/** What is misspelt would wait in the twin for ever, and nobody would tell. */
function checkSettings(keys: string[], force: boolean): void {
  const unknown = keys.filter((key) => !SETTINGS.includes(key));
  if (unknown.length === 0) return;
  const known = `cave-agent knows ${SETTINGS.join(", ")}, and not ${unknown.join(", ")}`;
  if (!force) throw usageError(known, "correct the name, or send it all the same with --force");
  note(known);
}

async function change(service: Service, deviceId: string, patch: JsonObject): Promise<number> {
  const updated = await service.updateTwin(deviceId, patch);
  const outcome = await waitForAcknowledgement(service, updated, Object.keys(patch), ACKNOWLEDGE_WITHIN);
  for (const { key, accepted, removed, value, reason } of outcome.acknowledged) {
    const verdict = removed ? "removed" : accepted ? "accepted" : "refused";
    print(`${key} ${verdict}${reason ? `: ${reason}` : ""}`);
    if (value !== undefined) print(`  in force: ${JSON.stringify(value)}`);
  }
  return exitCodeFor(deviceId, outcome);
}

function exitCodeFor(deviceId: string, { acknowledged, missing, connected }: AckOutcome): number {
  const refused = acknowledged.some((item) => !item.accepted);
  if (missing.length > 0 && !connected) {
    note(`${deviceId} is offline: it takes ${missing.join(", ")} when it connects next`);
    return refused ? 1 : 0;
  }
  if (missing.length > 0) {
    const within = `within ${ACKNOWLEDGE_WITHIN / 1000} s`;
    note(`${deviceId} has not acknowledged ${missing.join(", ")} ${within}: it may not know such a setting`);
  }
  return refused || missing.length > 0 ? 1 : 0;
}
