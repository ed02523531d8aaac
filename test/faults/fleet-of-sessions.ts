import { setMaxListeners } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { askedOf, parseAssignment } from "#agent/hub/assignment.js";
import type { HubListener } from "#agent/hub/hub.js";
import { readTrustedCa } from "#agent/hub/identity.js";
import { createIdentitySource } from "#agent/hub/identity-source.js";
import { MODEL_ID } from "#agent/hub/model.js";
import type { RetryLimits } from "#agent/hub/retry.js";
import { createSession, type Session } from "#agent/hub/session.js";
import { systemClock } from "#agent/lib/clock.js";
import { createStateFile } from "#agent/lib/state-file.js";
import { defer, removeFolder } from "../support/cleanup.ts";
import type { CloudRig } from "../support/rig.ts";
import { admit } from "./assigned.ts";

/** Sessions of many agents in this process: each has an identity, an assignment and a connection of its own. */
export interface FleetOfSessions {
  readonly sessions: readonly Session[];
  /** What went wrong in a way that no session expects. */
  readonly faults: unknown[];
}

const QUIET: HubListener = {
  onState: () => undefined,
  onTwin: () => undefined,
  onDesired: () => undefined,
  onMethod: async () => ({ status: 404, payload: null }),
};

/** Starts them, known to the hub and assigned to it; they end with the test. */
export async function startSessions(
  t: TestContext,
  rig: CloudRig,
  count: number,
  retry: RetryLimits,
): Promise<FleetOfSessions> {
  const folder = mkdtempSync(join(tmpdir(), "cave-fleet-"));
  defer(t, () => removeFolder(folder));
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const faults: unknown[] = [];
  const running: Promise<void>[] = [];
  defer(t, async () => {
    stopping.abort();
    await Promise.all(running);
  });
  const sessions: Session[] = [];
  for (let number = 1; number <= count; number += 1) {
    const session = await openSession(rig, folder, `cave-${String(number).padStart(4, "0")}`, retry);
    running.push(
      session.run(QUIET, stopping.signal).catch((error: unknown) => {
        faults.push(error);
      }),
    );
    sessions.push(session);
  }
  return { sessions, faults };
}

async function openSession(
  rig: CloudRig,
  folder: string,
  deviceId: string,
  retry: RetryLimits,
): Promise<Session> {
  const path = (name: string) => join(folder, `${deviceId}.${name}`);
  const { dps, hubs, trustedCaFile } = rig.cloud.endpoints;
  const leaf = await rig.authority.issueDevice({ commonName: deviceId });
  await admit(rig, deviceId);
  writeFileSync(path("cert.pem"), leaf.certificatePem);
  writeFileSync(path("key.pem"), leaf.keyPem, { mode: 0o600 });
  const assignment = { hub: hubs[0]?.hostName, deviceId, askedOf: askedOf(dps, deviceId) };
  writeFileSync(path("assignment.json"), JSON.stringify(assignment));
  const files = { id: deviceId, certificateFile: path("cert.pem"), keyFile: path("key.pem") };
  const unheard = () => undefined;
  return createSession({
    identity: createIdentitySource(files, { onNew: unheard, onUnusable: unheard, onFallback: unheard }),
    trustedCaPem: readTrustedCa(trustedCaFile),
    modelId: MODEL_ID,
    provisioning: { host: dps.host, idScope: dps.idScope, deadline: 60_000 },
    assignments: createStateFile(path("assignment.json"), parseAssignment, { onFault: unheard }),
    keepAlive: 60_000,
    retry,
    clock: systemClock,
    random: Math.random,
  });
}
