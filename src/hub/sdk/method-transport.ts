import { Mqtt } from "azure-iot-device-mqtt";
import { messageOf } from "../../errors.ts";
import type { JsonValue, MethodListener } from "../hub.ts";
import type { ObservedMqttBase } from "./mqtt.ts";
import { settle } from "./settle.ts";

/** The transport of one client, and the direct methods that come over it. */
export interface MethodTransport {
  /** To be given to the client, which makes one of it. */
  Transport: new (
    authentication: ConstructorParameters<typeof Mqtt>[0],
  ) => Mqtt;
  /** Subscribes to methods; to be called once the client is open. */
  serve(): Promise<void>;
}

/**
 * Answers every direct method through one handler; by itself the SDK lets an unknown one time out at the caller. That
 * methods and desired properties are always listened to is also what makes the SDK tell of a lost connection at all
 * (azure-iot-sdk-node #277).
 */
export function createMethodTransport(base: ObservedMqttBase, onMethod: MethodListener): MethodTransport {
  let made: Mqtt | undefined;

  class Transport extends Mqtt {
    constructor(authentication: ConstructorParameters<typeof Mqtt>[0]) {
      super(authentication, base);
      made = this;
    }

    override emit(event: string | symbol, ...values: unknown[]): boolean {
      if (typeof event !== "string" || !event.startsWith("method_")) return super.emit(event, ...values);
      const { requestId, body } = values[0] as { requestId: string; body: Buffer };
      answerMethod(onMethod, event.slice("method_".length), body, (status, payload) =>
        this.respond(requestId, status, payload),
      );
      return true;
    }

    private respond(requestId: string, status: number, payload: JsonValue): void {
      const response = { requestId, status, payload };
      try {
        this.sendMethodResponse(response as Parameters<Mqtt["sendMethodResponse"]>[0], () => undefined);
      } catch (error) {
        // The SDK throws over a request id that is empty.
        base.onFault(error);
      }
    }
  }

  return {
    Transport,
    serve: () => new Promise((done, fail) => made?.enableMethods(settle(done, fail))),
  };
}

function answerMethod(
  onMethod: MethodListener,
  name: string,
  body: Buffer,
  answer: (status: number, payload: JsonValue) => void,
): void {
  onMethod(name, payloadIn(body)).then(
    (response) => answer(response.status, response.payload),
    (error) => answer(500, { result: messageOf(error) }),
  );
}

function payloadIn(body: Buffer): JsonValue | SyntaxError {
  if (body.length === 0) return null;
  try {
    return JSON.parse(body.toString("utf8")) as JsonValue;
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  }
}
