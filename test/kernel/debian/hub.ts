import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import type { Endpoints, ReceivedMessage } from "#cloud/index.js";

/**
 * The service side of the local cloud on the host, by its HTTPS API alone: an emulated processor would load the service
 * SDK for a quarter of a minute.
 */
export interface Hub {
  /** Calls a direct method. Resolves to the device's own status and answer. */
  invoke(deviceId: string, method: string, payload: unknown): Promise<{ status: number; payload: unknown }>;
  /** All that has come from a device, oldest first. */
  telemetry(deviceId: string): Promise<ReceivedMessage[]>;
}

const VERSION = "api-version=2021-04-12";
/** Seconds. */
const SIGNED_FOR = 3600;

/** @param endpointsFile of the local cloud, as it is on the host: "localhost" is the host's in the guest too */
export function openHub(endpointsFile: string): Hub {
  const { hubs, trustedCaFile } = JSON.parse(readFileSync(endpointsFile, "utf8")) as Endpoints;
  const pattern = /^HostName=([^:]+):(\d+);SharedAccessKeyName=([^;]+);SharedAccessKey=(.+)$/;
  const [, host = "", port, name = "", key = ""] = pattern.exec(hubs[0]?.connectionString ?? "") ?? [];
  const agent = new Agent({ ca: readFileSync(trustedCaFile), keepAlive: true });

  async function ask(method: string, path: string, body = ""): Promise<string> {
    const headers = { authorization: signature(host, name, key), "content-type": "application/json" };
    const outgoing = request({ agent, host, port, method, path, headers });
    const answer = new Promise<string>((resolve, reject) => {
      outgoing.once("error", reject).once("response", (response) => {
        const isGood = response.statusCode === 200;
        text(response).then(
          (said) => (isGood ? resolve(said) : reject(new Error(`${path}: ${said}`))),
          reject,
        );
      });
    });
    outgoing.end(body);
    return answer;
  }

  return {
    async invoke(deviceId, methodName, payload) {
      const call = { methodName, payload, responseTimeoutInSeconds: 60 };
      const said = await ask("POST", `/twins/${deviceId}/methods?${VERSION}`, JSON.stringify(call));
      return JSON.parse(said) as { status: number; payload: unknown };
    },
    async telemetry(deviceId) {
      const lines = (await ask("GET", `/local-cloud/telemetry?deviceId=${deviceId}`))
        .split("\n")
        .filter(Boolean);
      return lines.map((line) => JSON.parse(line) as ReceivedMessage);
    },
  };
}

/** A shared access signature (learn.microsoft.com/azure/iot-hub/authenticate-authorize-sas). */
function signature(host: string, name: string, key: string): string {
  const expiry = Math.floor(Date.now() / 1000) + SIGNED_FOR;
  const hash = createHmac("sha256", Buffer.from(key, "base64")).update(`${host}\n${expiry}`).digest("base64");
  return `SharedAccessSignature sr=${host}&sig=${encodeURIComponent(hash)}&se=${expiry}&skn=${name}`;
}
