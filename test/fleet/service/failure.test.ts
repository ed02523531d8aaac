import assert from "node:assert/strict";
import { test } from "node:test";
import { failure } from "#fleet/service/failure.js";

const attempt = { hub: "cheese.azure-devices.net", deviceId: "cave-01", method: "GetStatus", timeout: 30 };

/** An error as the SDK builds it from an HTTP answer. */
function answered(statusCode: number, responseBody: string): Error {
  return Object.assign(new Error("Not found"), { response: { statusCode }, responseBody });
}

const nested = (errorCode: number, message: string) =>
  JSON.stringify({ Message: JSON.stringify({ errorCode, trackingId: "1", message }), ExceptionMessage: "" });

test("the hub's code is found wherever it is written", () => {
  const bodies: [number, string, string][] = [
    [404, nested(404001, "no such device"), "404001"],
    [404, nested(404103, "Timed out waiting for device to connect."), "404103"],
    [404, '{"Message":"ErrorCode:DeviceNotFound;cave-01"}', "404001"],
    [404, '{"Message":"ErrorCode:DeviceNotOnline;The operation failed"}', "404103"],
    [404, '{"errorCode":404103,"message":"offline"}', "404103"],
    [504, nested(504101, "Timed out waiting for the response"), "504101"],
    [504, "", "504101"],
    [401, '{"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized"}', "401003"],
    [429, "", "429001"],
  ];
  for (const [status, body, code] of bodies)
    assert.equal(failure(answered(status, body), attempt).code, code, body);
});

test("each says what is wrong with which device, and what to do", () => {
  const offline = failure(answered(404, nested(404103, "")), attempt);
  assert.equal(offline.message, "cave-01 is offline");
  const late = failure(answered(504, nested(504101, "")), attempt);
  assert.equal(late.message, "cave-01 did not answer GetStatus within 30 s");
  const unknown = failure(answered(404, nested(404001, "")), attempt);
  assert.ok(unknown.message.includes("cave-01") && unknown.message.includes(attempt.hub));
  for (const error of [offline, late, unknown]) assert.ok(error.remedy.length > 0);
});

test("a network failure is told from an answer of the hub", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  assert.match(failure(refused, { hub: "localhost:9443" }).remedy, /npm start/);
  assert.doesNotMatch(failure(refused, attempt).remedy, /npm start/);
  const foreign = Object.assign(new Error("self-signed"), { code: "SELF_SIGNED_CERT_IN_CHAIN" });
  assert.match(failure(foreign, attempt).message, /not trusted/);
});

test("what is not known keeps the hub's own words", () => {
  const error = failure(answered(500, '{"Message":"the hub is unwell"}'), attempt);
  assert.ok(error.message.includes("the hub is unwell"), error.message);
});
