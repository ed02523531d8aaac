import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { type Clock, systemClock } from "#agent/lib/clock.js";
import { listenOnPath } from "#agent/lib/unix-socket.js";
import { lockState, type StateLock } from "#agent/state/lock.js";
import { defer } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/pki.js";

const locksIn = (directory: string) => readdirSync(directory).filter((name) => name.startsWith("lock."));

function isRefusal(pattern: RegExp) {
  return (error: unknown) =>
    isAgentError(error) && error.code === "STATE_IN_USE" && !error.retryable && pattern.test(error.message);
}

/** A process that has the lock. */
async function hold(t: TestContext, directory: string) {
  const module = (name: string) => JSON.stringify(import.meta.resolve(`#agent/${name}.js`));
  const code = `const { lockState } = await import(${module("state/lock")});
    const { systemClock } = await import(${module("lib/clock")});
    await lockState(${JSON.stringify(directory)}, "process " + process.pid, systemClock);
    setInterval(() => undefined, 1000);
    console.log("held");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  defer(t, () => end("SIGKILL"));
  await once(child.stdout, "data");
  return { child, end };
}

test("the second is refused, and told who has it; after the release it gets it, and nothing is left", async (t) => {
  const directory = join(await temporaryDirectory(t), "not", "there", "yet");
  const first = await lockState(directory, "process 4711, for cave-01", systemClock);
  await assert.rejects(
    lockState(directory, "other", systemClock),
    isRefusal(/works on .*yet: process 4711, for cave-01$/),
  );
  await first.release();
  assert.deepEqual(locksIn(directory), []);
  const second = await lockState(directory, "other", systemClock);
  await second.release();
});

test("another name of the same directory is the same directory", async (t) => {
  const folder = await temporaryDirectory(t);
  const lock = await lockState(join(folder, "state"), "first", systemClock);
  symlinkSync(join(folder, "state"), join(folder, "other"));
  await assert.rejects(lockState(join(folder, "other"), "second", systemClock), isRefusal(/: first$/));
  await lock.release();
});

test("what was killed with kill -9 has it no longer, and leaves nothing for good", async (t) => {
  const directory = await temporaryDirectory(t);
  for (const _ of [1, 2]) {
    const { child, end } = await hold(t, directory);
    await assert.rejects(
      lockState(directory, "me", systemClock),
      isRefusal(new RegExp(`: process ${child.pid}$`)),
    );
    await end("SIGKILL");
  }
  assert.equal(locksIn(directory).length, 1);
  const lock = await lockState(directory, "me", systemClock);
  assert.equal(locksIn(directory).length, 1);
  await lock.release();
  assert.deepEqual(locksIn(directory), []);
});

test("a process that hangs still has it", { skip: process.platform === "win32" }, async (t) => {
  const directory = await temporaryDirectory(t);
  const { child } = await hold(t, directory);
  child.kill("SIGSTOP");
  await assert.rejects(lockState(directory, "me", systemClock), isRefusal(/: it does not say which$/));
});

test("of many that begin at once, after a crash or without one, one has it", async (t) => {
  const directory = await temporaryDirectory(t);
  const { end } = await hold(t, directory);
  await end("SIGKILL");
  for (const round of [1, 2, 3]) {
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => lockState(directory, `${round}-${index}`, systemClock)),
    );
    const winners = tries.flatMap((each): StateLock[] => (each.status === "fulfilled" ? [each.value] : []));
    const losers = tries.flatMap((each): unknown[] => (each.status === "rejected" ? [each.reason] : []));
    assert.equal(winners.length, 1, `round ${round}`);
    assert.ok(losers.every(isRefusal(/works on/)), String(losers));
    await assert.rejects(lockState(directory, "late", systemClock), isRefusal(new RegExp(`: ${round}-`)));
    await winners[0]?.release();
  }
});

/** Lets `act` happen, once, between the two looks at a socket that seemed dead. */
function between(act: () => Promise<void>): Clock & { looks(): number } {
  let looks = 0;
  return {
    ...systemClock,
    looks: () => looks,
    async sleep() {
      looks += 1;
      if (looks === 1) await act();
    },
  };
}

test("a socket that is just being made is not taken for a dead one", async (t) => {
  const directory = await temporaryDirectory(t);
  await (await hold(t, directory)).end("SIGKILL");
  const [name = ""] = locksIn(directory);
  const server = createServer((socket) => socket.end("the slow one"));
  defer(t, () => server.close());
  const clock = between(async () => {
    rmSync(join(directory, name));
    await listenOnPath(server, join(directory, name));
  });
  await assert.rejects(lockState(directory, "me", clock), isRefusal(/: the slow one$/));
  assert.equal(clock.looks(), 1);
});

test("who was overtaken after it had looked finds that out before it works", async (t) => {
  const directory = await temporaryDirectory(t);
  await (await hold(t, directory)).end("SIGKILL");
  let quick: StateLock | undefined;
  const clock = between(async () => {
    // The number that it will try is given out and free again, and a higher one is held.
    await (await hold(t, directory)).end("SIGKILL");
    quick = await lockState(directory, "the quick one", systemClock);
  });
  await assert.rejects(lockState(directory, "me", clock), isRefusal(/: the quick one$/));
  assert.deepEqual(locksIn(directory), ["lock.3"]);
  await quick?.release();
});

test("a path that no socket can have is refused by name, a disk that cannot be written by its error", async (t) => {
  const long = join(await temporaryDirectory(t), "x".repeat(100));
  await assert.rejects(lockState(long, "me", systemClock), /state\.directory: the path .*x is too long/);
  await assert.rejects(lockState("/proc/cave-agent", "me", systemClock), /ENOENT|EACCES|EROFS|EPERM/);
});
