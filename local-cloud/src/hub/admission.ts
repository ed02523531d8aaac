import type { X509Certificate } from "node:crypto";
import { type Anchor, judgeChain } from "../certificates/chain.ts";
import type { Refusal, Session } from "../mqtt/broker.ts";
import { parsePropertyBag } from "../mqtt/topics.ts";
import type { DeviceRecord, Devices } from "./devices.ts";

export interface Admission {
  device: DeviceRecord;
  /** From the user name; undefined when the device announces none. */
  modelId: string | undefined;
}

/**
 * Whether a client may connect as the device it says it is.
 * https://learn.microsoft.com/azure/iot/iot-mqtt-connect-to-iot-hub
 */
export function admit(
  session: Session,
  hubHostName: string,
  devices: Devices,
  anchors: readonly Anchor[],
  now: Date,
): Admission | Refusal {
  const name = parseUserName(session.userName);
  if (!name) return { returnCode: 4, reason: `user name '${session.userName}' is none of an IoT hub` };
  if (name.hubHostName !== hubHostName) return denied(`user name is for hub ${name.hubHostName}`);
  if (name.deviceId !== session.clientId) {
    return { returnCode: 2, reason: `client id is not the device id '${name.deviceId}' of the user name` };
  }
  const device = devices.get(name.deviceId);
  if (!device) return denied("the device is not registered");
  if (device.status === "disabled") return denied("the device is disabled");
  const reason = judgeCertificate(device, session, anchors, now);
  return reason ? denied(reason) : { device, modelId: name.parameters.get("model-id") };
}

function judgeCertificate(
  device: DeviceRecord,
  { peer }: Session,
  anchors: readonly Anchor[],
  now: Date,
): string | undefined {
  const { type, x509Thumbprint } = device.authentication;
  if (type === "sas")
    return "the device's identity asks for a shared access signature, which is not supported";
  if (type === "selfSigned") {
    const wanted = [x509Thumbprint.primaryThumbprint, x509Thumbprint.secondaryThumbprint];
    const matches = thumbprints(peer.leaf).some((thumbprint) =>
      wanted.some((candidate) => candidate?.toUpperCase() === thumbprint),
    );
    return matches ? undefined : "the certificate has none of the device's thumbprints";
  }
  if (peer.commonName.toLowerCase() !== device.deviceId.toLowerCase()) {
    return `the certificate's common name '${peer.commonName}' is not the device id`;
  }
  const verdict = judgeChain(peer, anchors, now);
  return "refusal" in verdict ? verdict.refusal : undefined;
}

function thumbprints(certificate: X509Certificate): string[] {
  return [certificate.fingerprint, certificate.fingerprint256].map((text) => text.replaceAll(":", ""));
}

function denied(reason: string): Refusal {
  return { returnCode: 5, reason };
}

function parseUserName(userName: string) {
  const match = /^([^/]+)\/([^/]+)\/\?(.*)$/.exec(userName);
  const parameters = parsePropertyBag(match?.[3] ?? "");
  if (!match?.[1] || !match[2] || !parameters?.has("api-version")) return undefined;
  return { hubHostName: match[1], deviceId: match[2], parameters };
}
