import provisioning from "azure-iot-provisioning-device";
import { Mqtt as ProvisioningMqtt } from "azure-iot-provisioning-device-mqtt";
import { X509Security } from "azure-iot-security-x509";
import { AgentError, messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Assignment, Credentials } from "../credentials.ts";
import { connectFailure, type RegistrationRefusal, registrationFailure } from "../failure.ts";
import { ObservedMqttBase } from "./mqtt.ts";

/** The SDK repeats a registration that was answered 429 or 5xx for ever, and cannot be cancelled between two polls. */
class EndableProvisioning extends ProvisioningMqtt {
  private ended = false;
  private readonly base: ObservedMqttBase;

  constructor(base: ObservedMqttBase) {
    super(base);
    this.base = base;
    // Otherwise the SDK gives out its own interval as what the service has asked for.
    this.setTransportOptions({ pollingInterval: NOT_ASKED });
  }

  /** Nobody waits for a goodbye: a registration that was answered has said it already. */
  end(): void {
    this.ended = true;
    this.cancel(() => undefined);
    this.base.destroy();
  }

  override registrationRequest(
    ...[request, done]: Parameters<ProvisioningMqtt["registrationRequest"]>
  ): void {
    if (this.ended) {
      done(new Error("the registration was ended"));
      return;
    }
    super.registrationRequest(request, (error, result, response, interval) => {
      // "registering" is what the SDK makes of a 429 or 5xx; the service itself never says it.
      if (!error && String(result?.status) === "registering") done(throttled(interval));
      else done(error, result, response, pollAfter(interval));
    });
  }

  override queryOperationStatus(
    ...[request, id, done]: Parameters<ProvisioningMqtt["queryOperationStatus"]>
  ): void {
    if (this.ended) done(new Error("the registration was ended"));
    else {
      // A 429 to a poll looks like "assigning" from here: at least it must not be answered by a storm.
      super.queryOperationStatus(request, id, (error, result, response, interval) =>
        done(error, result, response, pollAfter(interval)),
      );
    }
  }
}

const LONGEST_RETRY_AFTER = 3_600_000;
const SHORTEST_POLL = 1000;
/** What Azure's SDKs take where the service names no `retry-after`. */
const DEFAULT_POLL = 2000;
const NOT_ASKED = 0;

/** Milliseconds until the next poll, by what the service has asked for. */
function pollAfter(asked: number | undefined): number {
  return Math.min(Math.max(asked || DEFAULT_POLL, SHORTEST_POLL), LONGEST_RETRY_AFTER);
}

/** `asked` comes from the wire, in milliseconds. */
function throttled(asked = NOT_ASKED): AgentError {
  return new AgentError("the DPS is busy (429 or 5xx)", {
    code: "DPS_THROTTLED",
    retryable: true,
    remedy: "nothing: the agent tries again when the DPS has asked it to",
    ...(asked > 0 && { retryAfter: Math.min(asked, LONGEST_RETRY_AFTER) }),
  });
}

/** Registers with the DPS at `endpoint`. Rejects with an AgentError; ends at once when `signal` aborts. */
export async function register(
  endpoint: string,
  idScope: string,
  { identity, trustedCaPem, modelId }: Credentials,
  clock: Pick<Clock, "now">,
  signal: AbortSignal,
): Promise<Assignment> {
  signal.throwIfAborted();
  const base = new ObservedMqttBase({ ca: trustedCaPem });
  const transport = new EndableProvisioning(base);
  const security = new X509Security(identity.deviceId, {
    cert: identity.certificatePem,
    key: identity.keyPem,
  });
  const client = provisioning.ProvisioningDeviceClient.create(endpoint, idScope, transport, security);
  client.setProvisioningPayload({ modelId });
  const end = () => transport.end();
  signal.addEventListener("abort", end, { once: true });
  let fault: unknown;
  base.onFault = (cause) => {
    // What follows from the end is not its cause.
    fault ??= cause;
    end();
  };
  // Without a listener it would end the process (azure-iot-sdk-node #807); between two polls it is all that is heard.
  transport.on("error", base.onFault);
  try {
    const result = await new Promise<provisioning.RegistrationResult>((done, fail) =>
      client.register((error, value) => (value ? done(value) : fail(error))),
    );
    return assignmentIn(result);
  } catch (error) {
    const tried = { identity, at: clock.now() };
    if (base.connectError) throw connectFailure("DPS", endpoint, base.connectError, tried);
    if (error instanceof AgentError) throw error;
    if (fault === undefined) throw registrationFailure(refusalIn(error), idScope, tried, error);
    const unheard = new Error(`no usable answer: ${messageOf(fault)}`, { cause: fault });
    throw registrationFailure({}, idScope, tried, unheard);
  } finally {
    signal.removeEventListener("abort", end);
    transport.end();
  }
}

function assignmentIn({ assignedHub, deviceId }: { assignedHub?: unknown; deviceId?: unknown }): Assignment {
  if (typeof assignedHub === "string" && assignedHub && typeof deviceId === "string" && deviceId) {
    return { hub: assignedHub, deviceId };
  }
  throw new AgentError("the DPS said assigned, but named no hub", {
    code: "DPS_FAILED",
    retryable: true,
    remedy: "check that a hub is linked to the DPS; the agent tries again",
  });
}

function refusalIn(error: unknown): RegistrationRefusal {
  if (!(error instanceof Error) || !("result" in error)) return {};
  const result = error.result as RegistrationRefusal & { registrationState?: RegistrationRefusal };
  return { ...result, ...result.registrationState };
}
