import { mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { askedOf, parseAssignment } from "#agent/hub/assignment.js";
import type { HubListener } from "#agent/hub/hub.js";
import { readTrustedCa } from "#agent/hub/identity.js";
import { createIdentitySource, type IdentitySource } from "#agent/hub/identity-source.js";
import { MODEL_ID } from "#agent/hub/model.js";
import { createSession, type Session } from "#agent/hub/session.js";
import { type Clock, systemClock } from "#agent/lib/clock.js";
import { createStateFile } from "#agent/lib/state-file.js";
import type { Pair } from "#fleet/certs/authority.js";
import { admit } from "../faults/assigned.ts";
import { defer, removeFolder } from "../support/cleanup.ts";
import type { CloudRig } from "../support/rig.ts";
import { until } from "../support/until.ts";

export interface SessionRig {
  session: Session;
  identity: IdentitySource;
  /** "state: cause" of each transition, in order. */
  states: string[];
  /** Thumbprints of those who have read the twin, in order: each connection does so once. */
  connectedAs: string[];
  /** What became of the certificate's files. */
  told: string[];
  /** Replaces certificate and key, each as a whole. */
  install(pair: Pair): void;
  /** What is in the file of the assignment. */
  assignmentFile: string;
  /** Waits until one more transition, after so many, begins with `text`. */
  reached(text: string, after?: number, seconds?: number): Promise<string>;
}

export interface SessionRigOptions {
  /** Left out: that of the rig. */
  dpsHost?: string;
  /** The hub that is kept from an earlier run; left out: the first of the rig. */
  hub?: string;
  /** What cave-01 has at first; left out: a leaf of the enrolled CA. */
  pair?: Pair;
  clock?: Clock;
  listener?: Partial<HubListener>;
}

/** Milliseconds: ten failures in a row are to take two seconds. */
const QUICK = { floor: 50, base: 100, cap: 200 };

/** Starts the session of cave-01, which is known to the first hub and was assigned to it; it ends with the test. */
export async function startSession(
  t: TestContext,
  rig: CloudRig,
  options: SessionRigOptions = {},
): Promise<SessionRig> {
  const { dps, hubs, trustedCaFile } = rig.cloud.endpoints;
  const { dpsHost = dps.host, hub = hubs[0]?.hostName, clock = systemClock } = options;
  const folder = mkdtempSync(join(tmpdir(), "cave-session-"));
  defer(t, () => removeFolder(folder));
  const path = (name: string) => join(folder, name);
  const install: SessionRig["install"] = ({ certificatePem, keyPem }) => {
    for (const [name, text] of Object.entries({ "key.pem": keyPem, "cert.pem": certificatePem })) {
      writeFileSync(path(`${name}.new`), text, { mode: 0o600 });
      renameSync(path(`${name}.new`), path(name));
    }
  };
  await admit(rig);
  install(options.pair ?? (await rig.authority.issueDevice({ commonName: "cave-01" })));
  const asked = askedOf({ host: dpsHost, idScope: dps.idScope }, "cave-01");
  writeFileSync(path("assignment.json"), JSON.stringify({ hub, deviceId: "cave-01", askedOf: asked }));

  const told: string[] = [];
  const identity = createIdentitySource(
    { id: "", certificateFile: path("cert.pem"), keyFile: path("key.pem") },
    {
      onNew: () => told.push("new"),
      onUnusable: (reason) => told.push(`unusable: ${reason}`),
      onFallback: () => told.push("fallback"),
    },
  );
  const session = createSession({
    identity,
    trustedCaPem: readTrustedCa(trustedCaFile),
    modelId: MODEL_ID,
    provisioning: { host: dpsHost, idScope: dps.idScope, deadline: 3000 },
    assignments: createStateFile(path("assignment.json"), parseAssignment, { onFault: () => undefined }),
    keepAlive: 60_000,
    retry: { network: QUICK, service: QUICK, disabled: 1000 },
    clock,
    random: Math.random,
  });
  const states: string[] = [];
  const connectedAs: string[] = [];
  const listener: HubListener = {
    onState: (state, cause) => states.push(`${state}: ${cause}`),
    onTwin: (_, { thumbprint }) => connectedAs.push(thumbprint),
    onDesired: () => undefined,
    onMethod: async () => ({ status: 404, payload: null }),
    ...options.listener,
  };
  const stopping = new AbortController();
  const running = session.run(listener, stopping.signal);
  defer(t, async () => {
    stopping.abort();
    await running;
  });
  return {
    session,
    identity,
    states,
    connectedAs,
    told,
    install,
    assignmentFile: path("assignment.json"),
    reached: (text, after = 0, seconds = 20) =>
      until(text, () => states.slice(after).find((state) => state.startsWith(text)), {
        seconds,
        onTimeout: () => states.slice(-8).join("\n"),
      }),
  };
}
