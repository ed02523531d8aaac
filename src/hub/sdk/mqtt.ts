import { Duplex } from "node:stream";
import { MqttBase } from "azure-iot-mqtt-base";

/** MQTT below the SDK, kept within reach: the SDK hides why a connection failed, and takes no CA for the DPS. */
export class ObservedMqttBase extends MqttBase {
  connectError: unknown;
  /** Called when the SDK throws over an event: it parses JSON unguarded, and calls back where nobody waits any more. */
  onFault: (cause: unknown) => void = () => undefined;
  private isDestroyed = false;

  constructor(options: object) {
    super();
    super.setOptions(options);
  }

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    try {
      return super.emit(event, ...values);
    } catch (error) {
      this.onFault(event === "error" ? values[0] : error);
      return true;
    }
  }

  override connect(...[config, done]: Parameters<MqttBase["connect"]>): void {
    if (this.isDestroyed) {
      done(new Error("the connection was given up"));
      return;
    }
    super.connect(config, (error, result) => {
      this.connectError = error;
      done(error, result);
    });
  }

  /** The SDK makes JSON of every PUBACK for a debug log, also when nobody reads that: it gets none to make it of. */
  override publish(...[topic, payload, options, done]: Parameters<MqttBase["publish"]>): void {
    super.publish(topic, payload, options, (error) => done(error));
  }

  /**
   * Closes the socket now, without a goodbye, also one that is still being opened: MQTT.js leaves such a one to its timeout
   * of 60 s, and waits with the end of another until all that it has sent was acknowledged. None is opened afterwards.
   */
  destroy(): void {
    this.isDestroyed = true;
    // The SDK keeps its client to itself; package.json holds the release in which this is its name.
    const client: unknown = Reflect.get(this, "_mqttClient");
    if (!isClient(client)) return;
    client.end(true);
    client.stream.destroy();
  }
}

/** What we need of a client of MQTT.js. */
interface Client {
  end(force: boolean): unknown;
  stream: Duplex;
}

function isClient(value: unknown): value is Client {
  return value instanceof Object && "end" in value && "stream" in value && value.stream instanceof Duplex;
}
