/** An I2C bus with plain transfers: each call is one START … STOP to a 7-bit address. */
export interface I2cBus {
  /** Its character device, for messages: "/dev/i2c-1". */
  readonly file: string;
  /**
   * Writes all of `bytes`. Rejects with the kernel's error (`code` is its errno: EREMOTEIO or ENXIO for a NACK,
   * ETIMEDOUT for a bus that is held), with `I2C_TIMEOUT` if the kernel itself does not come back, and with an AbortError
   * once `signal` aborts.
   */
  write(address: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Reads exactly `length` bytes. Rejects as `write` does. */
  read(address: number, length: number, signal: AbortSignal): Promise<Uint8Array>;
  /** Lets go of the device file; the next transfer opens it again. */
  close(): Promise<void>;
}

/** One open device file, as the byte edge gives it: a transfer cannot be cancelled, and may never end. */
export interface I2cAdapter {
  write(address: number, bytes: Uint8Array): Promise<void>;
  read(address: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Opens /dev/i2c-`number`. That it cannot be used may show only at the first transfer. */
export type OpenI2cAdapter = (number: number) => Promise<I2cAdapter>;

export function busFile(number: number): string {
  return `/dev/i2c-${number}`;
}
