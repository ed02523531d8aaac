import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { claimLine, isClaimed } from "#agent/fan/sysfs-claim.js";
import { temporaryDirectory } from "../support/pki.js";

const onLinux = (t: TestContext) => process.platform === "linux" || t.skip("only Linux has abstract sockets");

test("a line is claimed until it is let go, and then by the next", async (t) => {
  if (!onLinux(t)) return;
  const folder = await temporaryDirectory(t);
  assert.equal(await isClaimed(folder, 529), false);
  const claim = await claimLine(folder, 529);
  assert.equal(await isClaimed(folder, 529), true);
  assert.equal(await isClaimed(folder, 530), false);
  assert.equal(await isClaimed(await temporaryDirectory(t), 529), false, "another chip of that number");
  claim.release();
  claim.release();
  assert.equal(await isClaimed(folder, 529), false);
  const next = await claimLine(folder, 529);
  assert.equal(await isClaimed(folder, 529), true);
  next.release();
});

test("a claim that another has keeps nobody from the line", async (t) => {
  if (!onLinux(t)) return;
  const folder = await temporaryDirectory(t);
  const first = await claimLine(folder, 529);
  const second = await claimLine(folder, 529);
  second.release();
  assert.equal(await isClaimed(folder, 529), true, "the first one's");
  first.release();
  (await claimLine("/nowhere", 1)).release();
  assert.equal(await isClaimed("/nowhere", 1), false);
});
