import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scope } from "../support/cleanup.ts";
import { openRawDevice, PACKET, type RawDevice } from "./raw-device.ts";
import { type Pair, type Stage, startStage, until } from "./support.ts";

// CAVE_TEST_DEVICES=1000 makes it the mass outage that it stands for: two minutes on a small machine.
const DEVICES = Number(process.env.CAVE_TEST_DEVICES ?? 150);
const ROUNDS = 2;

test(`${DEVICES} devices register and connect at once, are dropped and come back, and leave nothing behind`, {
  timeout: 300_000,
}, async (t) => {
  const stage = await startStage(t);
  const { hub } = stage.cloud;
  const fleet = await makeFleet(stage);
  const close: (() => Promise<void>)[] = [];
  const openAll = (open: (deviceId: string, pair: Pair, scope: Scope) => Promise<RawDevice>) =>
    Promise.all(
      [...fleet].map(([deviceId, pair]) => open(deviceId, pair, { after: (fn) => close.push(fn) })),
    );
  const openHandles = () => process.getActiveResourcesInfo().filter((kind) => kind !== "Immediate").length;
  const begun = performance.now();
  const note = (what: string) =>
    t.diagnostic(`${what} at ${((performance.now() - begun) / 1000).toFixed(1)} s`);

  await openAll((deviceId, pair, scope) => registerRaw(scope, stage, deviceId, pair));
  for (const end of close.splice(0)) await end();
  note("registered");
  const restHandles = openHandles();
  for (let round = 1; round <= ROUNDS; round += 1) {
    const devices = await openAll((deviceId, pair, scope) =>
      openRawDevice(scope, stage.cloud, { deviceId, pair }),
    );
    await until("all to be connected", () => hub.connectedDevices().length === DEVICES, { seconds: 120 });
    for (const [index, deviceId] of [...fleet.keys()].entries()) {
      devices[index]?.publish(1, `devices/${deviceId}/messages/events/`, `${round}`);
    }
    await until("all to be acknowledged", () =>
      devices.every((device) => device.of(PACKET.puback).length === 1),
    );
    note(`round ${round}: connected and acknowledged`);
    stage.cloud.faults.hub.drop();
    await until("all to be gone", () => hub.connectedDevices().length === 0);
    assert.deepEqual([...new Set(await Promise.all(devices.map(({ ended }) => ended())))], ["ECONNRESET"]);
    for (const end of close.splice(0)) await end();
  }
  assert.equal(hub.telemetryCounts().received, DEVICES * ROUNDS);
  // A handful may still be on their way out; one for each device would be all of them.
  await until("sockets and timers to be gone", () => openHandles() < restHandles + 20);
});

async function makeFleet({ ca }: Stage): Promise<Map<string, Pair>> {
  const fleet = new Map<string, Pair>();
  for (let index = 1; index <= DEVICES; index += 1) {
    const commonName = `cave-${index}`;
    fleet.set(commonName, await ca.issueDevice({ commonName }));
  }
  return fleet;
}

async function registerRaw(scope: Scope, { cloud }: Stage, deviceId: string, pair: Pair): Promise<RawDevice> {
  const { host, idScope } = cloud.endpoints.dps;
  const userName = `${idScope}/registrations/${deviceId}/api-version=2019-03-31`;
  const device = await openRawDevice(scope, cloud, { deviceId, pair, hostName: host, userName });
  await device.arrived(PACKET.connack);
  device.publish(1, "$dps/registrations/PUT/iotdps-register/?$rid=1", "{}");
  await device.arrived(PACKET.puback);
  return device;
}
