import type { Command } from "commander";
import { checkDeviceId } from "../certs/names.ts";
import { usageError } from "../errors.ts";
import { note, print } from "../output.ts";
import type { HubOptions } from "../service/find-hubs.ts";
import type { MethodAnswer } from "../service/service.ts";
import { parseCount, parseValue } from "../values.ts";
import { addHubOptions, withService } from "./hub-options.ts";

interface InvokeOptions extends HubOptions {
  timeout: string;
  connectTimeout: string;
}

const EXAMPLES = `
Examples:
  cave-fleet invoke cave-01 SetFanState on
  cave-fleet invoke cave-01 SetFanState '{"state": "off", "minutes": 10}'
  cave-fleet invoke cave-01 GetStatus

Prints the status and the payload of the answer. Exit code 0 if the status is 2xx, else 1.`;

export function addInvokeCommand(program: Command, end: (exitCode: number) => void): void {
  addHubOptions(
    program
      .command("invoke")
      .description("call a direct method of one device")
      .argument("<deviceId>")
      .argument("<method>", "GetStatus, SetFanState, ReadSensor, …")
      .argument("[payload]", "JSON, or a bare word taken as text"),
  )
    .option("--timeout <seconds>", "how long the device may take to answer, 5 to 300", "30")
    .option("--connect-timeout <seconds>", "how long to wait for an offline device, 0 to 300", "0")
    .addHelpText("after", EXAMPLES)
    .action(async (deviceId: string, method: string, payload: string | undefined, options: InvokeOptions) => {
      end(await invoke(deviceId, method, payload, options));
    });
}

/**
 * What a hub takes as a method's name ("Understand and invoke direct methods from IoT Hub"): printable US-ASCII without
 * `$ ( ) < > @ , ; : \ " / [ ] ? = { }` and space.
 */
const METHOD_NAME = /^[!#%&'*+.^_`|~A-Za-z0-9-]{1,100}$/;

const SET_FAN_STATE_TAKES = `SetFanState takes on, off, auto, or '{"state": "on", "minutes": 10}' with minutes above 0, at most 10080`;

async function invoke(
  deviceId: string,
  method: string,
  payload: string | undefined,
  options: InvokeOptions,
): Promise<number> {
  checkDeviceId(deviceId);
  if (!METHOD_NAME.test(method)) {
    throw usageError(
      `${JSON.stringify(method)} cannot be the name of a method`,
      "use 1 to 100 letters, digits and ! # % & ' * + . ^ _ ` | ~ -, for example GetStatus",
    );
  }
  const value = payload === undefined ? null : parseValue(payload);
  const timeout = parseCount("--timeout", options.timeout, { minimum: 5, maximum: 300 });
  const connectTimeout = parseCount("--connect-timeout", options.connectTimeout, {
    minimum: 0,
    maximum: 300,
  });
  const answer = await withService(options, (service) =>
    service.invoke(deviceId, method, value, { timeout, connectTimeout }),
  );
  print(String(answer.status));
  print(JSON.stringify(answer.payload, null, 2));
  if (isRefusedFanState(method, answer)) note(SET_FAN_STATE_TAKES);
  return answer.status >= 200 && answer.status < 300 ? 0 : 1;
}

function isRefusedFanState(method: string, { status, payload }: MethodAnswer): boolean {
  if (method.toLowerCase() !== "setfanstate" || status !== 400) return false;
  return JSON.stringify(payload).includes("Invalid parameter");
}
