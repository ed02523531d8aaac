import type { Settings } from "../cave/settings.ts";
import { type Cause, causeOf } from "../errors.ts";
import { severityOf } from "../health/codes.ts";
import { VERSION } from "../lib/package.ts";
import type { Logger } from "../log.ts";
import type {
  ConnectionState,
  HubListener,
  JsonObject,
  JsonValue,
  MethodCall,
  MethodResponse,
} from "./hub.ts";
import type { Identity } from "./identity.ts";
import type { OutboxReport } from "./outbox-report.ts";
import type { Reported } from "./reported.ts";
import type { Session } from "./session.ts";
import type { TwinOutcome, TwinSettings } from "./twin.ts";

/** What happens on the session is turned into these. */
export interface HubEventParts {
  log: Logger;
  session: Pick<Session, "describe">;
  twin: TwinSettings;
  reported: Reported;
  outboxReport: Pick<OutboxReport, "show">;
  /** The settings in force have changed; these of them come from the twin. */
  onSettings: (held: Partial<Settings>) => void;
  onTransition: () => void;
  onMethod: MethodCall;
  /** Milliseconds since 1970, as the clock sees it now. */
  lastBoot: () => number;
}

/** The session's listener: logs each transition once, applies the twin, answers methods. */
export function createHubEvents(parts: HubEventParts): HubListener {
  const { log, twin, reported } = parts;
  let previous: ConnectionState = "starting";
  let toldBoot = Number.NaN;
  /** By setting: the value in force that was logged last, or that the agent began with. */
  const toldSettings = new Map(
    Object.entries(twin.current()).map(([key, value]) => [key, JSON.stringify(value)]),
  );

  // Clock drift must not write the twin at every reconnect; a clock that was set must.
  function settled(boot: number): number {
    if (!(Math.abs(boot - toldBoot) < BOOT_TOLERANCE)) toldBoot = boot;
    return toldBoot;
  }

  function acknowledge(outcome: TwinOutcome | undefined, asked: JsonObject): void {
    if (!outcome) return;
    parts.onSettings(outcome.held);
    reported.set(outcome.acknowledgements);
    for (const [key, ack] of Object.entries(outcome.acknowledgements)) {
      tellSetting(key, ack as JsonObject, asked[key]);
    }
    if (outcome.unknown.length > 0) {
      const settings = outcome.unknown.slice(0, 10);
      log.warn({ event: "setting-unknown", settings }, `twin: unknown properties: ${settings.join(", ")}`);
    }
  }

  function tellSetting(key: string, ack: JsonObject, asked: JsonValue | undefined): void {
    const value = JSON.stringify(ack.value);
    const isRefused = ack.ac === 400;
    // The whole twin comes again at each connect: only what is new is told.
    if (!isRefused && toldSettings.get(key) === value) return;
    toldSettings.set(key, value);
    // A refusal is a warning with a constant cause: a caller that repeats it must not fill the log.
    if (!isRefused) log.info({ event: "setting", setting: key, ...ack }, `twin: ${key}`);
    else {
      const fields = { event: "setting-refused", cause: key, ...SETTING_REFUSED, setting: key };
      log.warn({ ...fields, asked: excerpt(asked), ...ack }, `twin: refused: ${String(ack.ad)}`);
    }
  }

  // A status poll every few seconds is no event; what changes the cave is, and so is what was refused.
  function tellMethod(name: string, asked: JsonValue, { status, payload }: MethodResponse): void {
    const fields = { method: shorten(name), status };
    if (status >= 400) {
      const cause = status === 404 ? "unknown method" : `${name}: ${status}`;
      const { result, ...others } = (payload ?? {}) as JsonObject;
      const { cause: inner, reason: why, code, remedy } = others;
      const reason = [result, inner, why].filter((text) => typeof text === "string").join(": ");
      log.warn(
        {
          event: "method-refused",
          cause,
          ...METHOD_REFUSED,
          // One of the agent's own faults may be the reason.
          ...(typeof code === "string" && { code, remedy }),
          ...fields,
          asked: excerpt(asked),
          reason: reason.slice(0, SHOWN_REASON),
        },
        `method refused: ${shorten(cause)}`,
      );
    } else {
      const level = name === "GetStatus" || name === "ReadSensor" ? "debug" : "info";
      log[level]({ event: "method", ...fields }, `method ${name}: ${status}`);
    }
  }

  return {
    onState(state, cause, error) {
      const why = error ? causeOf(error) : { cause };
      logTransition(log, previous, state, why, parts.session.describe().hub);
      previous = state;
      parts.onTransition();
    },
    onTwin(desired, as) {
      reported.set({
        firmware: { agent: VERSION, node: process.versions.node, os: `${process.platform}-${process.arch}` },
        certificate: certificateOf(as),
        lastBoot: new Date(settled(parts.lastBoot())).toISOString(),
      });
      parts.outboxReport.show();
      reported.resend();
      acknowledge(twin.replace(desired), desired.properties);
    },
    onDesired: (patch) => acknowledge(twin.patch(patch), patch.properties),
    async onMethod(name, payload) {
      if (payload instanceof SyntaxError) {
        const response = { status: 400, payload: { result: `payload is not JSON: ${payload.message}` } };
        tellMethod(name, null, response);
        return response;
      }
      try {
        const response = await parts.onMethod(name, payload);
        tellMethod(name, payload, response);
        return response;
      } catch (error) {
        const why = causeOf(error);
        const method = shorten(name);
        log.error({ event: "method-fault", ...why, method }, `method ${method} failed: ${why.cause}`);
        return { status: 500, payload: { result: why.cause } };
      }
    },
  };
}

const SETTING_REFUSED = {
  code: "SETTING_REFUSED",
  remedy: "give the desired property a value that the reason allows, or null for the default",
};
const METHOD_REFUSED = {
  code: "METHOD_REFUSED",
  remedy: "call it as docs/methods.md says",
};

const SHOWN_REASON = 300;
const SHOWN_CHARACTERS = 60;
const shorten = (name: string) => name.slice(0, SHOWN_CHARACTERS);

/** What was asked for, as JSON; a hostile one must not make the line long, nor end in a fault of ours. */
function excerpt(asked: JsonValue | undefined): string {
  try {
    return JSON.stringify(asked ?? null).slice(0, 2 * SHOWN_CHARACTERS);
  } catch {
    return "nested too deep to be shown";
  }
}

const BOOT_TOLERANCE = 60_000;

function certificateOf({ thumbprint, notAfter }: Identity): JsonObject {
  return { thumbprint, notAfter: notAfter.toISOString() };
}

const QUIET: ReadonlySet<ConnectionState> = new Set(["starting", "provisioning", "connecting", "stopping"]);

function logTransition(
  log: Logger,
  previous: ConnectionState,
  state: ConnectionState,
  why: Cause,
  hub: string | null,
): void {
  if (previous === "provisioning" && state === "connecting") {
    log.info({ event: "provisioned", hub }, `provisioned: assigned to ${hub}`);
    return;
  }
  if (state === "online") log.info({ event: "online", hub }, `online at ${hub}`);
  // Nobody has lost it: a new connection was asked for.
  else if (previous === "online" && state === "connecting") {
    log.info({ event: "reconnecting", ...why }, `reconnecting: ${why.cause}`);
  } else if (QUIET.has(state)) log.debug({ event: state, ...why }, state);
  else {
    const level = LEVELS[severityOf(why.code) ?? "warning"];
    const advice = why.remedy && !why.remedy.startsWith("nothing") ? `; ${why.remedy}` : "";
    log[level](
      { event: previous === "online" ? "offline" : state, ...why },
      `offline: ${why.cause}${advice}`,
    );
  }
}

const LEVELS = { error: "error", warning: "warn", info: "info" } as const;
