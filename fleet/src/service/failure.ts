import { codeOf, FleetError, messageOf } from "../errors.ts";

/** What was being asked of which hub when it failed. */
export interface Attempt {
  /** Host and port. */
  hub: string;
  deviceId?: string;
  method?: string;
  /** Seconds the call was given. */
  timeout?: number;
}

/** What the SDK puts on its errors: the HTTP answer, if there was one. */
interface HubAnswer {
  status: number | undefined;
  /** Six digits, or empty. */
  hubCode: string;
  /** The hub's own words. */
  text: string;
}

/** Turns what azure-iothub threw into one line and one remedy. */
export function failure(error: unknown, attempt: Attempt): FleetError {
  if (error instanceof FleetError) return error;
  const answer = hubAnswer(error);
  const known = answer.status === undefined ? networkFailure(error, attempt) : hubFailure(answer, attempt);
  const [code, message, remedy] = known ?? [
    answer.hubCode || codeOf(error) || "HUB_FAILURE",
    `${attempt.hub}: ${answer.text || messageOf(error)}`,
    "look at the hub's metrics and try again",
  ];
  return new FleetError(message, { code, remedy, cause: error });
}

/** Code, message and remedy. */
type Known = [code: string, message: string, remedy: string];

const DEFAULT_CODES: Record<number, string> = {
  400: "400000",
  401: "401003",
  403: "403002",
  404: "404001",
  413: "413001",
  429: "429001",
  504: "504101",
};

/** Codes: learn.microsoft.com, "Understand and resolve Azure IoT Hub error codes". */
function hubFailure(answer: HubAnswer, attempt: Attempt): Known | undefined {
  const device = attempt.deviceId ?? "the device";
  const code = answer.hubCode || DEFAULT_CODES[answer.status ?? 0] || "";
  switch (code) {
    case "404001":
      return [
        code,
        `${attempt.hub} knows no device ${device}`,
        "cave-fleet watch --once lists those it knows",
      ];
    case "404103":
      return [
        code,
        `${device} is offline`,
        "look after its agent and its network; it takes calls once connected",
      ];
    case "504101": {
      const within = attempt.timeout === undefined ? "" : ` within ${attempt.timeout} s`;
      return [
        code,
        `${device} did not answer ${attempt.method ?? "the call"}${within}`,
        "try a longer --timeout",
      ];
    }
    case "401002":
    case "401003":
      return [
        code,
        `${attempt.hub} refuses the connection string: ${answer.text}`,
        "use a current key of a policy that has Registry Read and Service Connect, and check this machine's clock",
      ];
    case "403002":
      return [
        code,
        `${attempt.hub} has used up its messages for today`,
        "wait for midnight UTC or add a unit",
      ];
    case "413001":
      return [code, `the payload is too large for ${attempt.hub}`, "stay under 128 KB"];
    case "429001":
      return [
        code,
        `${attempt.hub} is asked too often`,
        "ask less often: a longer --interval, fewer tools at once",
      ];
    default:
      if (answer.status !== 400) return undefined;
      return [code, `${attempt.hub} refuses the request: ${answer.text}`, "check names and values"];
  }
}

const HUB_FAILURES = new Set(["ECONNREFUSED", "ENOTFOUND", "401002", "401003", "ECONNRESET", "ETIMEDOUT"]);

/** Whether it is the hub itself that cannot be asked, whatever was asked of it. */
export function isHubFailure(error: unknown): boolean {
  return HUB_FAILURES.has(codeOf(error));
}

const UNTRUSTED =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)|CERT_|ERR_TLS_)/;

function networkFailure(error: unknown, attempt: Attempt): Known | undefined {
  const code = codeOf(error);
  const local = attempt.hub.startsWith("localhost:") || attempt.hub.startsWith("127.");
  if (code === "ECONNREFUSED" && local) {
    return [
      code,
      `nothing answers at ${attempt.hub}`,
      "is the local cloud running? start one with npm start",
    ];
  }
  if (["ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ECONNRESET", "EPIPE"].includes(code)) {
    return [
      code,
      `no connection to ${attempt.hub}: ${messageOf(error)}`,
      "check the network and the firewall",
    ];
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return [
      code,
      `the name ${attempt.hub} cannot be resolved`,
      "check HostName in the connection string, and DNS",
    ];
  }
  if (UNTRUSTED.test(code)) {
    return [
      code,
      `the certificate of ${attempt.hub} is not trusted: ${messageOf(error)}`,
      "give the CA of a local cloud with --trusted-ca; for Azure look for a proxy that breaks TLS open",
    ];
  }
  return undefined;
}

function hubAnswer(error: unknown): HubAnswer {
  if (!(error instanceof Error)) return { status: undefined, hubCode: "", text: "" };
  const response: unknown = Reflect.get(error, "response");
  const body: unknown = Reflect.get(error, "responseBody");
  const status: unknown =
    typeof response === "object" && response !== null ? Reflect.get(response, "statusCode") : undefined;
  // The hub writes its code in several shapes, also as JSON inside of a JSON string, so it is searched, not parsed.
  const text = typeof body === "string" ? body : "";
  const digits = /\berrorCode\\*"?\s*:\s*\\*"?(\d{6})/i.exec(text)?.[1] ?? "";
  const named = /ErrorCode:\s*(\w+)/.exec(text)?.[1];
  return {
    status: typeof status === "number" ? status : undefined,
    hubCode: digits || (named === "DeviceNotOnline" ? "404103" : named === "DeviceNotFound" ? "404001" : ""),
    text: hubText(text) || messageOf(error),
  };
}

function hubText(body: string): string {
  const inner =
    /message\\*"\s*:\s*\\*"([^"\\]+)/.exec(body)?.[1] ?? /"Message"\s*:\s*"([^"\\]+)/i.exec(body)?.[1];
  return (inner ?? "").slice(0, 200);
}
