import { MqttBase } from "azure-iot-mqtt-base";
import type { LocalCloud } from "#cloud/index.js";
import { defer, type Scope } from "../support/cleanup.ts";
import { type Pair, trustedCa } from "./support.ts";

export interface RawClient {
  /** Resolves at the PUBACK (QoS 1) or when it is written (QoS 0); a connection that ends leaves it waiting. */
  publish(topic: string, payload: string | Buffer, qos: 0 | 1 | 2): Promise<void>;
  /** The QoS granted, 128 for a refusal. */
  subscribe(topic: string): Promise<number>;
  onMessage(listener: (topic: string) => void): void;
  isOpen(): boolean;
}

export interface RawOptions {
  host: string;
  clientId: string;
  username: string;
  pair: Pair;
}

/** MQTT as the SDK's lowest layer speaks it, so that a test can break the rules. */
export async function openRaw(
  t: Scope,
  cloud: LocalCloud,
  { host, clientId, username, pair }: RawOptions,
): Promise<RawClient> {
  const base = new MqttBase();
  base.setOptions({ ca: trustedCa(cloud) });
  const state = { open: false };
  base.on("error", () => {
    state.open = false;
  });
  const x509 = { cert: pair.certificatePem, key: pair.keyPem };
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error) => (error ? reject(error) : resolve());
    base.connect({ uri: `mqtts://${host}`, clientId, username, x509, clean: true }, done);
  });
  state.open = true;
  defer(t, () => base.disconnect(() => undefined));
  return {
    publish: (topic, payload, qos) =>
      new Promise((resolve) => {
        base.publish(topic, payload, { qos }, (error?: Error) => {
          if (!error) resolve();
        });
      }),
    subscribe: (topic) =>
      new Promise((resolve, reject) => {
        const done = (error: Error | undefined, granted?: { qos: number }[]) =>
          error ? reject(error) : resolve(granted?.[0]?.qos ?? -1);
        base.subscribe(topic, { qos: 0 }, done);
      }),
    onMessage: (listener) => {
      base.on("message", (topic: string) => listener(topic));
    },
    isOpen: () => state.open,
  };
}
