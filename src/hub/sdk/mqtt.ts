import { MqttBase } from "azure-iot-mqtt-base";

/** MQTT below the SDK, kept within reach: the SDK hides why a connection failed, and takes no CA for the DPS. */
export class ObservedMqttBase extends MqttBase {
  connectError: unknown;
  /** Called when the SDK throws over an event: it parses JSON unguarded, and calls back where nobody waits any more. */
  onFault: (cause: unknown) => void = () => undefined;

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
    super.connect(config, (error, result) => {
      this.connectError = error;
      done(error, result);
    });
  }
}
