import { AzureError, deviceErrorBody } from "../azure-error.ts";
import type { DpsFault, DpsFaultSwitches } from "../faults/dps.ts";
import type { Logger } from "../log.ts";
import type { MqttService, Publication, Session } from "../mqtt/broker.ts";
import { parseRequest, type Request } from "../mqtt/topics.ts";
import type { Allocation } from "./allocation.ts";
import { attest, unauthorizedDevice } from "./attestation.ts";
import type { Enrollments } from "./enrollments.ts";
import type { Registrations } from "./registrations.ts";

export interface DpsOptions {
  idScope: string;
  /** Seconds. */
  retryAfter: number;
  enrollments: Enrollments;
  registrations: Registrations;
  allocation: Allocation;
  faults: DpsFaultSwitches;
  clock: () => Date;
  log: Logger;
}

interface UserName {
  idScope: string;
  registrationId: string;
}

interface Reply {
  status: number;
  /** Seconds. */
  retryAfter?: number;
  /** A text is sent as it is. */
  body: object | string;
}

const RESPONSES = "$dps/registrations/res/#";
const LARGEST_MESSAGE = 96 * 1024;

/** The device side of DPS over MQTT. https://learn.microsoft.com/azure/iot/iot-mqtt-connect-to-iot-dps */
export function createDps(options: DpsOptions): MqttService {
  return {
    keepsSessions: false,
    connect(session) {
      const returnCode = options.faults.refusal();
      if (returnCode) return { returnCode, reason: "a fault switch is on" };
      const name = parseUserName(session.userName);
      if (!name) return { returnCode: 4, reason: `user name '${session.userName}' is none of DPS` };
      if (name.registrationId !== session.clientId) {
        return { returnCode: 2, reason: `client id is not the registration id '${name.registrationId}'` };
      }
      return undefined;
    },
    connected: () => undefined,
    disconnected: () => undefined,
    maySubscribe: (_session, topicFilter) => topicFilter === RESPONSES,
    publish: (session, publication) => answer(options, session, publication),
  };
}

function answer(options: DpsOptions, session: Session, { topic, payload }: Publication): string | undefined {
  const request = parseRequest(topic);
  const handle = request && handlers.get(request.path);
  if (!handle) return "topic is none of DPS";
  if (payload.length > LARGEST_MESSAGE) return `message is larger than ${LARGEST_MESSAGE} bytes`;
  const fault = options.faults.next(handle === poll ? "poll" : "register");
  if (fault?.kind === "silence") return undefined;
  const reply = fault
    ? faulty(fault, request, options)
    : attempt(options, () => handle(options, session, request, payload));
  const retryAfter = reply.retryAfter === undefined ? "" : `&retry-after=${reply.retryAfter}`;
  const replyTopic = `$dps/registrations/res/${reply.status}/?$rid=${encodeURIComponent(request.requestId)}${retryAfter}`;
  session.deliver(replyTopic, typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
  return undefined;
}

type Handler = (options: DpsOptions, session: Session, request: Request, payload: Buffer) => Reply;

const handlers = new Map<string, Handler>([
  ["$dps/registrations/PUT/iotdps-register", register],
  ["$dps/registrations/GET/iotdps-get-operationstatus", poll],
]);

function register(options: DpsOptions, session: Session, _request: Request, payload: Buffer): Reply {
  const { enrollments, registrations, clock, log, retryAfter } = options;
  const name = parseUserName(session.userName);
  const body = parseBody(payload);
  if (!name || (body.registrationId ?? name.registrationId) !== name.registrationId) {
    throw unauthorizedDevice(`Registration id '${body.registrationId}' is not the one that connected.`);
  }
  const { registrationId } = name;
  const group = attest(
    { ...name, expectedIdScope: options.idScope, peer: session.peer },
    enrollments,
    clock(),
  );
  const x509 = { enrollmentGroupId: group.enrollmentGroupId };
  if (group.provisioningStatus === "disabled") {
    log.info({ registrationId, ...x509 }, "registration refused: the enrollment group is disabled");
    const operation = registrations.begin({ registrationId, status: "disabled", x509 });
    return { status: 202, retryAfter, body: operation };
  }
  const known = registrations.deviceId(registrationId);
  const deviceId = known ?? registrationId;
  const assignment = options.allocation.assign(deviceId, body.modelId, known !== undefined);
  const operation = registrations.begin({
    registrationId,
    status: "assigned",
    ...assignment,
    deviceId,
    x509,
  });
  log.info({ registrationId, ...assignment, ...x509 }, "registered");
  return { status: 202, retryAfter, body: operation };
}

function poll({ registrations }: DpsOptions, session: Session, request: Request): Reply {
  const operationId = request.parameters.get("operationId") ?? "";
  const operation = registrations.find(session.clientId, operationId);
  if (!operation)
    throw new AzureError(404, 404204, "OperationNotFound", `Operation ${operationId} not found.`);
  return { status: 200, body: operation };
}

function attempt(options: DpsOptions, work: () => Reply): Reply {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AzureError)) throw error;
    options.log.info({ errorCode: error.errorCode, reason: error.message }, "registration refused");
    return { status: error.status, body: deviceErrorBody(error, options.clock()) };
  }
}

function faulty(
  fault: Exclude<DpsFault, { kind: "silence" }>,
  request: Request,
  { retryAfter, clock }: DpsOptions,
): Reply {
  switch (fault.kind) {
    case "throttle": {
      const error = new AzureError(429, 429001, "ThrottlingException", "Operations are being throttled.");
      return { status: 429, retryAfter: fault.retryAfter, body: deviceErrorBody(error, clock()) };
    }
    case "failure": {
      const error = new AzureError(fault.status, fault.errorCode, "InternalError", "A fault switch is on.");
      return { status: fault.status, body: deviceErrorBody(error, clock()) };
    }
    case "junk":
      return { status: 200, body: "<html>no JSON</html>" };
    case "assigning":
      return {
        status: 202,
        retryAfter,
        body: { operationId: request.parameters.get("operationId") ?? "", status: "assigning" },
      };
  }
}

function parseUserName(userName: string): UserName | undefined {
  const match = /^([^/]+)\/registrations\/([^/]+)\/api-version=[^/]+$/.exec(userName);
  return match?.[1] && match[2] ? { idScope: match[1], registrationId: match[2] } : undefined;
}

function parseBody(payload: Buffer): { registrationId: string | undefined; modelId: string | undefined } {
  try {
    const body: unknown = JSON.parse(payload.toString("utf8") || "{}");
    const registrationId = textField(body, "registrationId");
    const custom = typeof body === "object" && body !== null && "payload" in body ? body.payload : undefined;
    return { registrationId, modelId: textField(custom, "modelId") };
  } catch {
    throw new AzureError(400, 400004, "ArgumentInvalid", "The body is no JSON.");
  }
}

function textField(value: unknown, field: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found: unknown = Object.entries(value).find(([key]) => key === field)?.[1];
  return typeof found === "string" ? found : undefined;
}
