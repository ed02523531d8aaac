import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { createConnections } from "#cloud/hub/connections.js";
import { createDevices } from "#cloud/hub/devices.js";
import type { Session } from "#cloud/mqtt/broker.js";

test("a connection that was taken over ends late without ending its successor", () => {
  const clock = () => new Date("2026-11-21T12:00:00Z");
  const devices = createDevices([], clock, () => undefined);
  devices.provision("cave-01", undefined);
  const connections = createConnections(devices, clock, () => undefined, pino({ level: "silent" }));
  const [first, second] = [session("cave-01"), session("cave-01")];
  connections.opened(first);
  connections.opened(second);
  connections.ended(first);
  assert.equal(connections.get("cave-01"), second);
  assert.equal(devices.get("cave-01")?.connectionStateUpdatedTime, "2026-11-21T12:00:00.000Z");
  connections.ended(second);
  assert.deepEqual(connections.deviceIds(), []);
});

function session(clientId: string): Session {
  const unused = () => assert.fail("not used here");
  return {
    clientId,
    userName: "",
    get peer() {
      return unused();
    },
    isSubscribed: unused,
    deliver: unused,
    acknowledge: unused,
    close: unused,
    reset: unused,
  };
}
