import { AzureError, deviceErrorBody, invalidFormat } from "../azure-error.ts";
import type { Anchor } from "../certificates/chain.ts";
import type { Logger } from "../log.ts";
import type { MqttService, Publication, Session } from "../mqtt/broker.ts";
import { parseRequest, type Request } from "../mqtt/topics.ts";
import { admit } from "./admission.ts";
import type { Connections } from "./connections.ts";
import type { DeviceRecord, Devices } from "./devices.ts";
import { parseObject } from "./json.ts";
import { readMessage } from "./message.ts";
import { METHOD_TOPICS, type Methods } from "./methods.ts";
import type { Telemetry } from "./telemetry.ts";
import { deviceTwin, reportProperties } from "./twins.ts";

export interface DeviceSideOptions {
  /** Known once the hub listens. */
  hostName: () => string;
  devices: Devices;
  connections: Connections;
  methods: Methods;
  telemetry: Telemetry;
  anchors: readonly Anchor[];
  clock: () => Date;
  changed: () => void;
  log: Logger;
}

export const DESIRED_PATCHES = "$iothub/twin/PATCH/properties/desired/#";
const TWIN_RESPONSES = "$iothub/twin/res/#";
const LARGEST_TWIN_REQUEST = 256 * 1024;

/** The hub as devices speak with it over MQTT. https://learn.microsoft.com/azure/iot/iot-mqtt-connect-to-iot-hub */
export function createDeviceSide(options: DeviceSideOptions): MqttService {
  const { devices, connections, methods, clock } = options;
  return {
    keepsSessions: true,
    connect(session) {
      const admission = admit(session, options.hostName(), devices, options.anchors, clock());
      if (!("device" in admission)) return admission;
      if (admission.modelId !== undefined) admission.device.modelId = admission.modelId;
      return undefined;
    },
    connected(session) {
      connections.opened(session);
      methods.deviceMayBeReady(session.clientId);
    },
    disconnected: connections.ended,
    maySubscribe(session, topicFilter) {
      // The broker notes the filter after this call: those who wait look again then.
      if (topicFilter === METHOD_TOPICS) setImmediate(() => methods.deviceMayBeReady(session.clientId));
      return subscribable(session.clientId).includes(topicFilter);
    },
    publish(session, publication) {
      const device = devices.get(session.clientId);
      if (!device) return "the device was deleted";
      // Rides along with the next change: it alone is not worth a write for every message.
      device.lastActivityTime = clock().toISOString();
      return receive(options, device, session, publication);
    },
  };
}

function subscribable(deviceId: string): string[] {
  return [METHOD_TOPICS, TWIN_RESPONSES, DESIRED_PATCHES, `devices/${deviceId}/messages/devicebound/#`];
}

function receive(
  options: DeviceSideOptions,
  device: DeviceRecord,
  session: Session,
  publication: Publication,
): string | undefined {
  const { topic, payload } = publication;
  const events = `devices/${device.deviceId}/messages/events`;
  if (topic === events || topic.startsWith(`${events}/`)) {
    return receiveMessage(options, device, topic.slice(events.length + 1), publication);
  }
  const request = parseRequest(topic);
  if (!request || publication.isWill) return "topic is none of this device";
  const status = /^\$iothub\/methods\/res\/(\d+)$/.exec(request.path)?.[1];
  if (status) return options.methods.respond(device.deviceId, status, request.requestId, payload);
  const handler = twinHandlers.get(request.path);
  if (!handler) return "topic is none of this device";
  if (payload.length > LARGEST_TWIN_REQUEST) return "twin request is too large";
  answerTwin(options, session, request, () => handler(options, device, payload));
  return undefined;
}

function receiveMessage(
  { telemetry, clock }: DeviceSideOptions,
  device: DeviceRecord,
  bag: string,
  publication: Publication,
): string | undefined {
  const message = readMessage(device.deviceId, bag, publication, clock());
  if (typeof message === "string") return message;
  telemetry.add(device.modelId === "" ? message : { ...message, modelId: device.modelId });
  return undefined;
}

interface TwinReply {
  status: number;
  version?: number;
  body: string;
}

type TwinHandler = (options: DeviceSideOptions, device: DeviceRecord, payload: Buffer) => TwinReply;

const getTwin: TwinHandler = (_options, device) => ({
  status: 200,
  body: JSON.stringify(deviceTwin(device)),
});

const patchReported: TwinHandler = ({ clock, changed }, device, payload) => {
  const patch = parseObject(payload.toString("utf8"));
  if (!patch) throw invalidFormat("reported properties must be a JSON object");
  const version = reportProperties(device, patch, clock());
  changed();
  return { status: 204, version, body: "" };
};

const twinHandlers = new Map<string, TwinHandler>([
  ["$iothub/twin/GET", getTwin],
  ["$iothub/twin/PATCH/properties/reported", patchReported],
]);

function answerTwin(
  options: DeviceSideOptions,
  session: Session,
  request: Request,
  work: () => TwinReply,
): void {
  let reply: TwinReply;
  try {
    reply = work();
  } catch (error) {
    if (!(error instanceof AzureError)) throw error;
    // A device sees 400 for whatever is wrong with its patch; the six digits say what.
    reply = { status: 400, body: JSON.stringify(deviceErrorBody(error, options.clock())) };
    options.log.info({ deviceId: session.clientId, reason: error.message }, "twin request refused");
  }
  const version = reply.version === undefined ? "" : `&$version=${reply.version}`;
  const rid = encodeURIComponent(request.requestId);
  session.deliver(`$iothub/twin/res/${reply.status}/?$rid=${rid}${version}`, reply.body);
}
