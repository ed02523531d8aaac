import assert from "node:assert/strict";
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { type Clock, systemClock } from "#agent/lib/clock.js";
import { createPatience } from "#agent/lib/patience.js";
import { listenOnPath } from "#agent/lib/unix-socket.js";
import { createStateClaim } from "#agent/state/claim.js";
import { lockState } from "#agent/state/lock.js";
import { defer } from "../support/cleanup.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { makePipe } from "../support/pipe.ts";
import { temporaryDirectory } from "../support/pki.js";
import { until } from "../support/until.ts";

/** There is no such directory. */
const withFile = (path: string) => writeFileSync(path, "");
/** Nobody can say what is in it, and be it root: ELOOP. */
const withLoop = (path: string) => symlinkSync(path, path);

interface Circumstances {
  /** What stands in the way of the first try. */
  block?: (path: string) => void;
  clock?: Clock;
}

/** A claim whose first try has failed; now the directory is there, and empty. */
async function setUp(t: TestContext, { block = withFile, clock = systemClock }: Circumstances = {}) {
  const directory = join(await temporaryDirectory(t), "blocked", "state");
  block(dirname(directory));
  const told: (string | undefined)[] = [];
  const claim = createStateClaim({
    directory,
    deviceId: "cave-01",
    clock,
    onChange: (refusal) => told.push(refusal?.code),
  });
  defer(t, () => claim.release());
  await assert.rejects(claim.take(), (error) => !isAgentError(error));
  assert.deepEqual([claim.isTaken(), told], [false, []]);
  rmSync(dirname(directory));
  mkdirSync(directory, { recursive: true });
  return { directory, claim, told };
}

const hasCode = (code: string) => (error: unknown) => isAgentError(error) && error.code === code;

test("a directory that could not be taken is taken once it can be, by one who asks or by many", async (t) => {
  const { directory, claim, told } = await setUp(t);
  await Promise.all([claim.take(), claim.take(), claim.take()]);
  await claim.take();
  assert.deepEqual([claim.isTaken(), told], [true, [undefined]]);
  assert.deepEqual(readdirSync(directory), ["lock.1"]);
  await assert.rejects(lockState(directory, "other", systemClock), hasCode("STATE_IN_USE"));
});

test("an agent that has it by then keeps it, and leaves it to this one if it has not worked", async (t) => {
  const { directory, claim, told } = await setUp(t);
  const other = await lockState(directory, "process 4711", systemClock);
  await assert.rejects(claim.take(), hasCode("STATE_IN_USE"));
  await other.release();
  await claim.take();
  assert.deepEqual([claim.isTaken(), told], [true, ["STATE_IN_USE", undefined]]);
});

test("what another agent has worked on meanwhile is not taken any more, and is not held either", async (t) => {
  const { directory, claim, told } = await setUp(t);
  const other = await lockState(directory, "process 4711", systemClock);
  writeFileSync(join(directory, "sequence"), '{"reserved": 100}');
  await other.release();
  for (const _ of [1, 2]) await assert.rejects(claim.take(), hasCode("STATE_IN_USE"));
  assert.deepEqual([claim.isTaken(), told], [false, ["STATE_IN_USE", "STATE_IN_USE"]]);
  assert.deepEqual(readdirSync(directory), ["sequence"]);
});

test("a directory that comes late and is another device's is left as it is", async (t) => {
  const { directory, claim, told } = await setUp(t);
  writeFileSync(join(directory, "device.json"), '{"id":"cave-02"}');
  await assert.rejects(claim.take(), hasCode("STATE_OF_ANOTHER_DEVICE"));
  assert.deepEqual([claim.isTaken(), told], [false, ["STATE_OF_ANOTHER_DEVICE"]]);
  assert.deepEqual(readdirSync(directory), ["device.json"]);
});

test("a directory that could not be seen at the start is taken with what is in it, once it can be", async (t) => {
  const { directory, claim, told } = await setUp(t, { block: withLoop });
  mkdirSync(join(directory, "outbox"));
  writeFileSync(join(directory, "sequence"), '{"reserved": 100}');
  await claim.take();
  assert.deepEqual([claim.isTaken(), told], [true, [undefined]]);
});

test("of a directory that was seen in part, that part must be as it was", async (t) => {
  const { directory, claim } = await setUp(t, { block: withLoop });
  const again = createStateClaim({
    directory,
    deviceId: "cave-01",
    clock: systemClock,
    onChange: () => undefined,
  });
  withLoop(join(directory, "outbox"));
  writeFileSync(join(directory, "sequence"), '{"reserved": 100}');
  await claim.take();
  await assert.rejects(again.take(), hasCode("STATE_IN_USE"));
  await claim.release();
  rmSync(join(directory, "outbox"));
  writeFileSync(join(directory, "sequence"), '{"reserved": 200}');
  await assert.rejects(again.take(), /is not what it was when this agent began/);
  assert.equal(again.isTaken(), false);
});

/** The name of a socket that nobody listens on any more. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer();
  await listenOnPath(server, `${path}.born`);
  renameSync(`${path}.born`, path);
  await new Promise((closed) => server.close(closed));
}

test("another device that comes while the lock is being taken keeps its directory", async (t) => {
  const clock: Clock = {
    ...systemClock,
    // Between the two looks at a lock that seems dead: the device was looked at before.
    async sleep() {
      writeFileSync(join(directory, "device.json"), '{"id":"cave-02"}');
    },
  };
  const { directory, claim, told } = await setUp(t, { clock });
  await leaveDeadSocket(join(directory, "lock.1"));
  await assert.rejects(claim.take(), hasCode("STATE_OF_ANOTHER_DEVICE"));
  assert.deepEqual([claim.isTaken(), told], [false, ["STATE_OF_ANOTHER_DEVICE"]]);
  assert.deepEqual(readdirSync(directory), ["device.json"]);
});

test("a directory that hangs is given up for now, and taken once it answers", async (t) => {
  const directory = await temporaryDirectory(t);
  const pipe = makePipe(t, join(directory, "device.json"));
  if (!pipe) return;
  const clock = createFakeClock();
  const claim = createStateClaim({
    directory,
    deviceId: "cave-01",
    clock,
    patience: createPatience(directory, clock),
    onChange: () => undefined,
  });
  const first = assert.rejects(claim.take(), hasCode("STATE_NOT_KEPT"));
  await clock.advance(5000);
  await first;
  await assert.rejects(claim.take(), /still owes an answer/);
  assert.equal(claim.isTaken(), false);
  pipe.release();
  await until("the directory is taken", () =>
    claim.take().then(
      () => true,
      () => false,
    ),
  );
  await claim.release();
});

test("on a disk that hangs at the end the lock stays, and nobody waits", async (t) => {
  const directory = await temporaryDirectory(t);
  const clock = createFakeClock();
  const patience = createPatience(directory, clock);
  const claim = createStateClaim({
    directory,
    deviceId: "cave-01",
    clock,
    patience,
    onChange: () => undefined,
  });
  await claim.take();
  let answer = (): void => undefined;
  const owed = () =>
    new Promise<void>((end) => {
      answer = end;
    });
  const hanging = assert.rejects(patience(owed, 1000), hasCode("STATE_NOT_KEPT"));
  await clock.advance(1000);
  await hanging;
  await claim.release();
  assert.deepEqual(readdirSync(directory), ["lock.1"]);
  answer();
  await clock.advance(0);
  await claim.release();
  assert.deepEqual(readdirSync(directory), []);
});
