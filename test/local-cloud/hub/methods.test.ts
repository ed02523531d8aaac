import assert from "node:assert/strict";
import { test } from "node:test";
import { createMethods } from "#cloud/hub/methods.js";
import type { Session } from "#cloud/mqtt/broker.js";

const CALL = { methodName: "GetStatus", payload: null, responseTimeout: 300, connectTimeout: 300 };

test("close ends calls that wait for a device and calls that wait for its answer", async () => {
  const absent = createMethods(() => undefined);
  const waitsForDevice = absent.invoke("cave-01", CALL);
  absent.close();
  await assert.rejects(waitsForDevice, { errorCode: 404103 });

  const silent = createMethods((deviceId) => sessionThatNeverAnswers(deviceId));
  const waitsForAnswer = silent.invoke("cave-01", CALL);
  await Promise.resolve();
  silent.close();
  await assert.rejects(waitsForAnswer, { errorCode: 504101 });
});

test("an answer counts only from the device that was asked", async () => {
  const sent: string[] = [];
  const methods = createMethods((deviceId) => sessionThatNeverAnswers(deviceId, sent));
  const answer = methods.invoke("cave-01", CALL);
  await Promise.resolve();
  const requestId = /\$rid=(.+)$/.exec(sent[0] ?? "")?.[1] ?? "";
  assert.equal(methods.respond("cave-02", "200", requestId, Buffer.from('"forged"')), undefined);
  assert.equal(methods.respond("cave-01", "200", requestId, Buffer.from('"mine"')), undefined);
  assert.deepEqual(await answer, { status: 200, payload: "mine" });
});

test("an answer that is no JSON is a bad gateway, an empty one null", async () => {
  const sent: string[] = [];
  const methods = createMethods((deviceId) => sessionThatNeverAnswers(deviceId, sent));
  const bad = methods.invoke("cave-01", CALL);
  await Promise.resolve();
  methods.respond("cave-01", "200", "1", Buffer.from("{"));
  await assert.rejects(bad, { status: 502 });
  const empty = methods.invoke("cave-01", CALL);
  await Promise.resolve();
  methods.respond("cave-01", "204", "2", Buffer.alloc(0));
  assert.deepEqual(await empty, { status: 204, payload: null });
  assert.match(methods.respond("cave-01", "200", "3", Buffer.alloc(128 * 1024 + 1)) ?? "", /larger than/);
});

/** The byte edge: what would be written to a device's connection. */
function sessionThatNeverAnswers(clientId: string, sent: string[] = []): Session {
  const unused = () => assert.fail("not used here");
  return {
    clientId,
    userName: "",
    get peer() {
      return unused();
    },
    isSubscribed: () => true,
    deliver: (topic) => {
      sent.push(topic);
    },
    acknowledge: unused,
    close: unused,
    reset: unused,
  };
}
