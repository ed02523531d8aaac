import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { type GuardLimits, initialGuard } from "#agent/cave/guard.js";
import { initialSteering } from "#agent/cave/steer.js";
import { LOOSE_LIMITS } from "../support/cave.js";
import { createFakeClock } from "../support/fake-clock.js";
import { createRelay, FATES, type Relay } from "./relay.js";
import { airSensor, startLoop } from "./support.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The loop, in air that the test makes, over a relay that does not always obey. */
function build(guard: GuardLimits) {
  const clock = createFakeClock();
  const relay = createRelay(clock);
  const air = { temperature: 12, humidity: 90 };
  const seen = new Set<string>();
  const loop = startLoop({
    sensor: airSensor(air),
    fan: relay.fan,
    clock,
    readEvery: MINUTE / 2,
    limits: { ...LOOSE_LIMITS, guard, quality: { ...LOOSE_LIMITS.quality, staleAfter: HOUR } },
    response: { responseAfter: HOUR, temperatureDrop: 0.3, humidityDrop: 1 },
    initial: initialSteering(initialGuard(false, -2 * HOUR), 0),
    onTick: ({ fan, held }) => {
      seen.add(fan);
      if (held) seen.add(held.cause);
    },
    onFanFault: () => seen.add("fault"),
  });
  return { clock, relay, air, seen, ...loop };
}

test("a retry that moves the fan counts as the switch: it stays for its whole minimum time from then on", async () => {
  const { clock, relay, air, end } = build({ minimumOn: 300_000, minimumOff: 300_000, switchesPerHour: 4 });
  relay.meet("refused");
  air.temperature = 15;
  await clock.advance(10 * MINUTE);
  assert.equal(relay.isOn(), false);
  relay.meet("obeyed");
  await clock.advance(65 * SECOND);
  assert.equal(relay.isOn(), true);
  air.temperature = 8;
  await clock.advance(10 * MINUTE);
  assert.equal(relay.isOn(), false);
  const [on, off] = relay.moves.map(({ at }) => at);
  assert.ok(Number(off) - Number(on) >= 300_000, `it ran for ${Number(off) - Number(on)} ms`);
  await end();
});

test("a fan that moves and says that it does not follows the air all the same", async () => {
  const { clock, relay, air, end } = build({ minimumOn: 120_000, minimumOff: 120_000, switchesPerHour: 20 });
  relay.meet("refused, yet moved");
  air.temperature = 15;
  await clock.advance(10 * MINUTE);
  assert.equal(relay.isOn(), true);
  air.temperature = 8;
  await clock.advance(5 * MINUTE);
  assert.equal(relay.isOn(), false);
  await end();
});

test("a fan that falls by itself is put back, but never more often than it may switch", async () => {
  const { clock, relay, air, control, end } = build({ minimumOn: 0, minimumOff: 0, switchesPerHour: 5 });
  air.temperature = 15;
  for (let minute = 0; minute < 56; minute += 2) {
    await clock.advance(2 * MINUTE);
    relay.fall();
  }
  const byCommand = relay.moves.filter(({ by }) => by === "command").length;
  assert.equal(byCommand, 5);
  assert.equal(control.state().held?.cause, "switches-per-hour");
  await clock.advance(HOUR);
  assert.equal(relay.isOn(), true);
  await end();
});

type Event =
  | { kind: "wait"; time: number }
  | { kind: "air"; temperature: number }
  | { kind: "fate"; fate: (typeof FATES)[number] }
  | { kind: "override"; on: boolean | undefined; duration: number }
  | { kind: "fall" }
  | { kind: "let go" };

const anyEvents: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("wait" as const),
        time: fc.integer({ min: 1, max: 8 * MINUTE }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("air" as const), temperature: fc.constantFrom(8, 12, 16) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("fate" as const), fate: fc.constantFrom(...FATES) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("override" as const),
        on: fc.constantFrom(true, false, undefined),
        duration: fc.integer({ min: 1, max: 30 * MINUTE }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("fall" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("let go" as const) }) },
  ),
  { maxLength: 60, size: "max" },
);

const anyGuard: fc.Arbitrary<GuardLimits> = fc.record({
  minimumOn: fc.integer({ min: 0, max: 6 * MINUTE }),
  minimumOff: fc.integer({ min: 0, max: 6 * MINUTE }),
  switchesPerHour: fc.integer({ min: 1, max: 12 }),
});

type Cave = ReturnType<typeof build>;

async function live(events: readonly Event[], limits: GuardLimits): Promise<Cave> {
  const cave = build(limits);
  const { clock, relay, air, control, signal } = cave;
  for (const event of events) {
    if (event.kind === "wait") await clock.advance(event.time);
    else if (event.kind === "air") air.temperature = event.temperature;
    else if (event.kind === "fate") relay.meet(event.fate);
    else if (event.kind === "fall") relay.fall();
    else if (event.kind === "let go") relay.letGo();
    else {
      const wish = event.on === undefined ? undefined : { on: event.on, duration: event.duration };
      control.override(wish, signal).catch(() => undefined);
    }
  }
  return cave;
}

function assertRested(moves: Relay["moves"], { minimumOn, minimumOff }: GuardLimits): void {
  for (const [index, { at, by }] of moves.entries()) {
    const before = moves[index - 1];
    // What has fallen by itself is put back, and its rest was not of the guard's making.
    if (!before || by === "itself" || before.by === "itself") continue;
    const minimum = index % 2 === 0 ? minimumOff : minimumOn;
    assert.ok(at - before.at >= minimum, `moved after ${at - before.at} ms, minimum ${minimum} ms`);
  }
}

function assertCounted(moves: Relay["moves"], { switchesPerHour }: GuardLimits): void {
  const commanded = moves.filter(({ by }) => by === "command");
  for (const { at } of commanded) {
    const recent = commanded.filter((each) => each.at <= at && each.at > at - HOUR).length;
    assert.ok(recent <= switchesPerHour, `${recent} moves in an hour, at most ${switchesPerHour}`);
  }
}

describe("whatever becomes of the commands", () => {
  const seen = new Set<string>();
  it("minimum times and switches an hour hold for the relay, no two commands are under way, and the fan obeys again once it can", async () => {
    await fc.assert(
      fc.asyncProperty(anyEvents, anyGuard, async (events, limits) => {
        const cave = await live(events, limits);
        const { clock, relay, air } = cave;
        relay.meet("obeyed");
        relay.letGo();
        air.temperature = 16;
        await clock.advance(1.5 * HOUR);
        await cave.end();
        assertRested(relay.moves, limits);
        assertCounted(relay.moves, limits);
        assert.ok(relay.atOnce() <= 1, `${relay.atOnce()} commands at once`);
        assert.equal(relay.isOn(), true, "warm air, an obedient fan, and it does not run");
        for (const sight of cave.seen) seen.add(sight);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it("the fan was seen in every state, and held for every cause", () => {
    const wanted = ["on", "off", "failed", "fault", "minimum-on", "minimum-off", "switches-per-hour"];
    assert.deepEqual(
      wanted.filter((sight) => !seen.has(sight)),
      [],
    );
  });
});
