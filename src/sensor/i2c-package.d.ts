// What the agent uses of i2c-bus 5.2.3, which brings no types of its own.
declare module "i2c-bus" {
  interface PromisifiedBus {
    i2cRead(address: number, length: number, buffer: Buffer): Promise<{ bytesRead: number; buffer: Buffer }>;
    i2cWrite(address: number, length: number, buffer: Buffer): Promise<{ bytesWritten: number }>;
    close(): Promise<void>;
  }
  const i2c: { openSync(busNumber: number): { promisifiedBus(): PromisifiedBus } };
  export default i2c;
}
