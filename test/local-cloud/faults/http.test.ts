import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { request } from "node:https";
import { test } from "node:test";
import type { LocalCloud } from "#cloud/index.js";
import { hubOf, register, servicePort, startStage, trustedCa } from "../support.ts";

interface View {
  active: Record<string, Record<string, unknown>>;
  switches: string[];
}

function sas(cloud: LocalCloud): string {
  const key = /SharedAccessKey=(.*)$/.exec(hubOf(cloud).connectionString)?.[1] ?? "";
  const expiry = Math.floor(Date.now() / 1000) + 60;
  const signature = createHmac("sha256", Buffer.from(key, "base64"))
    .update(`localhost\n${expiry}`)
    .digest("base64");
  return `SharedAccessSignature sr=localhost&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=iothubowner`;
}

/** As a shell script would ask. */
function ask(cloud: LocalCloud, method: string, body?: string, authorization = sas(cloud)) {
  const headers = { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) };
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const options = {
      host: "localhost",
      port: servicePort(cloud),
      path: "/local-cloud/faults",
      ca: trustedCa(cloud),
    };
    const sent = request({ ...options, method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function view(cloud: LocalCloud, method: string, body?: object): Promise<View> {
  const { status, text } = await ask(cloud, method, body && JSON.stringify(body));
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

test("another process turns the switches, sees them, and clears them", async (t) => {
  const { cloud, ca } = await startStage(t, { hubs: ["north", "south"] });
  assert.deepEqual((await view(cloud, "GET")).active, { dps: {}, tls: {}, north: {}, south: {} });
  const { active } = await view(cloud, "POST", {
    "dps.throttle": [3, 2],
    "hub.refuse": [3],
    "south.stall": 250,
    "south.withholdPubacks": true,
    "tls.presentCertificate": ["expired", "south"],
  });
  assert.deepEqual(active, {
    dps: { throttle: { times: 3, retryAfter: 2 } },
    tls: { south: "expired" },
    north: { refuse: { returnCode: 3 } },
    south: { pubacks: "withhold", stall: 250 },
  });
  const cleared = await view(cloud, "DELETE");
  assert.deepEqual(cleared.active, { dps: {}, tls: {}, north: {}, south: {} });

  await view(cloud, "POST", { "dps.assignTo": "south" });
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  const { assignedHub } = await register(cloud, "cave-01", pair);
  assert.equal(assignedHub, cloud.endpoints.hubs[1]?.hostName);
});

test("every listed switch can be turned, and clear ends them all", async (t) => {
  const { cloud } = await startStage(t);
  const { switches } = await view(cloud, "GET");
  const given: Record<string, unknown> = {
    "dps.throttle": [1],
    "dps.fail": [1],
    "dps.setProvisioningStatus": ["cheesecave-devices", "enabled"],
    "tls.presentCertificate": "expired",
    refuse: 3,
    throttle: 10,
    stall: 10,
    delayPubacks: 10,
  };
  for (const name of switches) {
    await view(cloud, "POST", { [name]: given[name] ?? given[name.split(".")[1] ?? ""] ?? [] });
  }
  await view(cloud, "POST", { clear: [] });
  assert.deepEqual(cloud.faults.active(), { dps: {}, tls: {}, "local-hub": {} });
});

test("what is wrong is named, and nothing of the request is done", async (t) => {
  const { cloud } = await startStage(t);
  const cases: [body: string, says: RegExp][] = [
    ['{"dps.junk": true, "dps.thorttle": [3]}', /there is no switch 'dps.thorttle', but dps.drop, /],
    [
      '{"dps.junk": true, "dps.throttle": ["3"]}',
      /dps.throttle: times is \\"3\\", must be a whole number from 0/,
    ],
    ['{"dps.junk": true, "dps.throttle": []}', /times is missing/],
    ['{"dps.junk": true, "hub.refuse": 6}', /returnCode is 6, must be one of 1, 2, 3, 4, 5/],
    ['{"dps.junk": true, "tls.plain": "nowhere"}', /at is \\"nowhere\\", must be one of dps, local-hub/],
    ['{"dps.junk": [true, 1]}', /one argument too many is 1, must be left out/],
    ["[]", /must be a JSON object such as/],
  ];
  for (const [body, says] of cases) {
    const { status, text } = await ask(cloud, "POST", body);
    assert.equal(status, 400, text);
    assert.match(text, says);
  }
  assert.deepEqual(cloud.faults.active().dps, {});
  assert.equal((await ask(cloud, "GET", undefined, "")).status, 401);
});
