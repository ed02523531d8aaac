import assert from "node:assert/strict";
import { type AgentError, isAgentError } from "#agent/errors.js";
import { createI2cBus } from "#agent/sensor/bounded-bus.js";
import type { Reading, Sensor } from "#agent/sensor/sensor.js";
import { createSht31Sensor, type Sht31Options } from "#agent/sensor/sht31/sensor.js";
import type { FoundSensor } from "#agent/sensor/sht31/session.js";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { createController, type FakeController } from "../../support/hardware/fake-adapter.ts";
import { createSht31Chip, type Sht31Chip, type Sht31Faults } from "../../support/hardware/sht31-chip.ts";

export const RUNNING: AbortSignal = new AbortController().signal;

/** The time between two reads in these tests, milliseconds. */
export const INTERVAL = 5000;

/** `describe().faults` of a sensor that has had none. */
export const NOTHING = { nack: 0, crc: 0, timeout: 0, reset: 0, bus: 0 } as const;

/** The commands of a start, after the status by which it was found, and those of a reading. */
export const START: readonly string[] = ["3093", "f32d", "30a2", "3066", "3041", "f32d", "3780"];
export const READ: readonly string[] = ["2400", "f32d"];

/** Unlike that of `setUp`, so that two chips can be told apart. */
export const OTHER_AIR = { temperature: 25, humidity: 40 } as const;

export interface Rig {
  clock: FakeClock;
  /** What the sensor should say. */
  air: { temperature: number; humidity: number };
  chip: Sht31Chip;
  controller: FakeController;
  sensor: Sensor;
  /** One read, and the rest of its interval; fails if it takes longer. */
  read(signal?: AbortSignal): Promise<Reading>;
  /** One read that fails with an AgentError. */
  failure(): Promise<AgentError>;
  /** What was told of sensors that were found. */
  found: FoundSensor[];
  /** The commands that the chip has heard since the last call, as "2400"; a refused one as "-2400". */
  commands(): string[];
}

export interface RigOptions extends Partial<Omit<Sht31Options, "bus" | "clock">> {
  /** Where the chip is. */
  address?: number;
  faults?: Partial<Sht31Faults>;
  /** What a NACK is called. */
  nack?: string;
  /** The run before: its clock goes on, its chip stays where it is. */
  earlier?: Rig;
}

/** The driver on a chip behind a bus whose bytes we hold in our hands. */
export function setUp({ address = 0x44, faults = {}, nack, earlier, ...options }: RigOptions = {}): Rig {
  const clock = earlier?.clock ?? createFakeClock();
  const air = earlier?.air ?? { temperature: 10.5, humidity: 91.25 };
  const chip = earlier?.chip ?? createSht31Chip({ now: clock.monotonic, air: () => air, faults });
  const controller = earlier?.controller ?? createController([[address, chip]], nack);
  const found: FoundSensor[] = [];
  const sensor = createSht31Sensor({
    bus: createI2cBus(1, controller.open, clock),
    number: 1,
    addresses: [0x44, 0x45],
    humidityOffset: 0,
    heater: "off",
    clock,
    onFound: (each) => void found.push(each),
    ...options,
  });
  let heard = 0;

  async function settle<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const end = () => {
      isSettled = true;
    };
    work.then(end, end);
    await clock.advance(INTERVAL);
    assert.ok(isSettled, "the read takes longer than its interval");
    return work;
  }

  return {
    clock,
    air,
    chip,
    controller,
    sensor,
    found,
    read: (signal = RUNNING) => settle(sensor.read(signal)),
    async failure() {
      const error = await settle(
        sensor.read(RUNNING).then(
          (reading) => assert.fail(`it gave ${JSON.stringify(reading)}`),
          (reason: unknown) => reason,
        ),
      );
      assert.ok(isAgentError(error), String(error));
      return error;
    },
    commands() {
      const all = chip.told();
      const fresh = all.slice(heard).filter(({ kind }) => kind === "write");
      heard = all.length;
      return fresh.map(({ bytes, acknowledged }) => (acknowledged ? bytes : `-${bytes}`));
    },
  };
}

/** Within what 16 bits can say. */
export function assertIs(reading: Reading, air: { temperature: number; humidity: number }): void {
  assert.equal(reading.source, "sht31");
  assert.ok(
    Math.abs(reading.temperature - air.temperature) <= 175 / 65_535,
    `${reading.temperature} °C instead of ${air.temperature}`,
  );
  assert.ok(
    Math.abs(reading.humidity - air.humidity) <= 100 / 65_535,
    `${reading.humidity} %RH instead of ${air.humidity}`,
  );
}
