/** Where a number comes from. Every sample carries it: no simulated value ever passes for a real one. */
export type Source = "sht31" | "simulated";

/** Air at one moment. */
export interface Reading {
  /**
   * °C, −45…130: what the sensor's 16 bits can say (SHT3x-DIS datasheet v5, section 4.13). It measures −40…125 (table 2);
   * whether a value can be the air is for the cave to judge.
   */
  temperature: number;
  /** Relative humidity, %RH, 0…100. */
  humidity: number;
  source: Source;
  /** The sensor's heater is on, or it has not cooled yet: true values, but not of the air. */
  heated?: true;
}

/** What is known of the part itself; reported in the twin as `sensor`. */
export interface SensorDescription {
  source: Source;
  /** Where it is on its bus, once that is known: "0x44". */
  address?: string;
  /** The chip's serial number in hexadecimal, where it has one. */
  serial?: string;
  /** Tries that failed since the start, also those that were followed by a good one. */
  faults?: SensorFaults;
}

/** Failed tries to read, by what was seen. */
export interface SensorFaults {
  /** No answer where the sensor should be. */
  nack: number;
  /** The sensor's words were damaged on their way; nothing of them was used. */
  crc: number;
  /** The bus was held. */
  timeout: number;
  /** The sensor had lost its supply, or had its heater on. */
  reset: number;
  /** The bus was missing, not allowed, in use or out of order. */
  bus: number;
}

/** The port of this room. A driver retries and recovers inside `read`; what it returns has passed its CRC. */
export interface Sensor {
  /** One fresh measurement. Rejects with an AgentError if there is none, with an AbortError once `signal` aborts. */
  read(signal: AbortSignal): Promise<Reading>;
  describe(): SensorDescription;
  /** Lets go of the bus. The sensor is not read again. */
  close(): Promise<void>;
}
