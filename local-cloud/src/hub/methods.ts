import { AzureError } from "../azure-error.ts";
import type { Session } from "../mqtt/broker.ts";
import {
  LARGEST_METHOD_PAYLOAD,
  type MethodCall,
  type MethodResult,
  notOnline,
  readMethodResponse,
  timedOut,
} from "./method-call.ts";

export interface Methods {
  /** @throws {AzureError} 404103, 504101. */
  invoke(deviceId: string, call: MethodCall): Promise<MethodResult>;
  /** A device has connected or subscribed: those who wait for it look again. */
  deviceMayBeReady(deviceId: string): void;
  /** A device's answer; a text says why it cannot be taken. */
  respond(deviceId: string, status: string, requestId: string, payload: Buffer): string | undefined;
  /** Ends every call that waits. */
  close(): void;
}

export const METHOD_TOPICS = "$iothub/methods/POST/#";

export function createMethods(sessionOf: (deviceId: string) => Session | undefined): Methods {
  const readySession = (deviceId: string) => {
    const session = sessionOf(deviceId);
    return session?.isSubscribed(METHOD_TOPICS) ? session : undefined;
  };
  const waiting = createWaitingRoom();
  const calls = createCalls();
  return {
    async invoke(deviceId, call) {
      if (!readySession(deviceId) && call.connectTimeout > 0)
        await waiting.wait(deviceId, call.connectTimeout);
      const session = readySession(deviceId);
      if (!session) throw notOnline(call.connectTimeout);
      return calls.send(session, call);
    },
    deviceMayBeReady(deviceId) {
      if (readySession(deviceId)) waiting.wake(deviceId);
    },
    respond(deviceId, status, requestId, payload) {
      if (payload.length > LARGEST_METHOD_PAYLOAD) {
        return `method response is larger than ${LARGEST_METHOD_PAYLOAD} bytes`;
      }
      calls.settle(deviceId, requestId, readMethodResponse(status, payload));
      return undefined;
    },
    close() {
      waiting.wake();
      calls.close();
    },
  };
}

/** Callers whose device is not there yet. */
function createWaitingRoom() {
  const waiting = new Set<{ deviceId: string; leave(): void }>();
  return {
    wait: (deviceId: string, seconds: number) =>
      new Promise<void>((resolve) => {
        const entry = {
          deviceId,
          leave() {
            clearTimeout(timer);
            waiting.delete(entry);
            resolve();
          },
        };
        const timer = setTimeout(entry.leave, seconds * 1000);
        waiting.add(entry);
      }),
    wake(deviceId?: string) {
      for (const entry of [...waiting])
        if (deviceId === undefined || entry.deviceId === deviceId) entry.leave();
    },
  };
}

interface PendingCall {
  deviceId: string;
  settle(result: MethodResult | AzureError): void;
}

/** Calls that a device has been sent and has not answered. */
function createCalls() {
  const pending = new Map<string, PendingCall>();
  let lastRequest = 0;
  const send = (session: Session, { methodName, payload, responseTimeout }: MethodCall) =>
    new Promise<MethodResult>((resolve, reject) => {
      lastRequest += 1;
      const requestId = lastRequest.toString(16);
      const settle = (result: MethodResult | AzureError) => {
        clearTimeout(timer);
        pending.delete(requestId);
        if (result instanceof AzureError) reject(result);
        else resolve(result);
      };
      const timer = setTimeout(() => settle(timedOut(responseTimeout)), responseTimeout * 1000);
      pending.set(requestId, { deviceId: session.clientId, settle });
      session.deliver(`$iothub/methods/POST/${methodName}/?$rid=${requestId}`, JSON.stringify(payload));
    });
  return {
    send,
    settle(deviceId: string, requestId: string, result: MethodResult | AzureError) {
      const call = pending.get(requestId);
      // Too late, or never asked of this device: Azure drops it silently.
      if (call?.deviceId === deviceId) call.settle(result);
    },
    close() {
      for (const call of [...pending.values()]) call.settle(timedOut(0));
    },
  };
}
