import type { Settings } from "../cave/settings.ts";
import { VERSION } from "../lib/package.ts";
import type { Logger } from "../log.ts";
import type { OutboxCounts } from "../outbox/outbox.ts";
import type { ConnectionState, HubListener, JsonObject, MethodCall } from "./hub.ts";
import type { Identity } from "./identity.ts";
import type { IdentitySource } from "./identity-source.ts";
import type { Reported } from "./reported.ts";
import type { Session } from "./session.ts";
import type { TwinOutcome, TwinSettings } from "./twin.ts";

/** What happens on the session is turned into these. */
export interface HubEventParts {
  log: Logger;
  session: Pick<Session, "describe">;
  twin: TwinSettings;
  reported: Reported;
  outbox: { counts(): OutboxCounts };
  identity: Pick<IdentitySource, "current">;
  /** The settings in force have changed. */
  onSettings: (settings: Settings) => void;
  onTransition: () => void;
  onMethod: MethodCall;
  /** Milliseconds since 1970. */
  startedAt: number;
}

/** The session's listener: logs each transition once, applies the twin, answers methods. */
export function createHubEvents(parts: HubEventParts): HubListener {
  const { log, twin, reported } = parts;
  let previous: ConnectionState = "starting";

  function acknowledge(outcome: TwinOutcome | undefined): void {
    if (!outcome) return;
    parts.onSettings(outcome.settings);
    reported.set(outcome.acknowledgements);
    for (const [key, ack] of Object.entries(outcome.acknowledgements)) {
      if ((ack as JsonObject).ac === DEVICE_DEFAULT) continue;
      log.info({ event: "setting", setting: key, ...(ack as JsonObject) }, `twin: ${key}`);
    }
    if (outcome.unknown.length > 0) {
      log.warn(
        { event: "setting-unknown", settings: outcome.unknown.slice(0, 10) },
        "twin: unknown properties",
      );
    }
  }

  return {
    onState(state, cause) {
      logTransition(log, previous, state, cause, parts.session.describe().hub);
      previous = state;
      parts.onTransition();
    },
    onTwin(desired) {
      const { waiting, dropped } = parts.outbox.counts();
      reported.set({
        firmware: { agent: VERSION, node: process.versions.node, os: `${process.platform}-${process.arch}` },
        certificate: certificateOf(parts.identity.current()),
        lastBoot: new Date(parts.startedAt).toISOString(),
        outbox: { waiting, dropped },
      });
      reported.resend();
      acknowledge(twin.replace(desired));
    },
    onDesired: (patch) => acknowledge(twin.patch(patch)),
    async onMethod(name, payload) {
      const response = await parts.onMethod(name, payload);
      // A status poll every few seconds is no event; what changes the cave is.
      const level = name === "GetStatus" || name === "ReadSensor" ? "debug" : "info";
      log[level](
        { event: "method", method: name, status: response.status },
        `method ${name}: ${response.status}`,
      );
      return response;
    },
  };
}

/** IoT Plug and Play: nobody has asked for it, the device reports its own. */
const DEVICE_DEFAULT = 203;

function certificateOf({ thumbprint, notAfter }: Identity): JsonObject {
  return { thumbprint, notAfter: notAfter.toISOString() };
}

const QUIET: ReadonlySet<ConnectionState> = new Set(["starting", "provisioning", "connecting", "stopping"]);

function logTransition(
  log: Logger,
  previous: ConnectionState,
  state: ConnectionState,
  cause: string,
  hub: string | null,
): void {
  if (previous === "provisioning" && state === "connecting") {
    log.info({ event: "provisioned", hub }, `provisioned: assigned to ${hub}`);
    return;
  }
  if (state === "online") log.info({ event: "online", hub }, `online at ${hub}`);
  else if (QUIET.has(state)) log.debug({ event: state, cause }, state);
  else log.warn({ event: previous === "online" ? "offline" : state, cause }, `offline: ${cause}`);
}
