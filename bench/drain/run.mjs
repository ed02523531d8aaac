// node bench/drain/run.mjs [--quick | --smoke]: the backlog's way to the hub beside plain sendEvent; bench/README.md
// says what it means.
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadIdentity } from "#agent/hub/identity.js";
import { register } from "#agent/hub/sdk/registration.js";
import { systemClock } from "#agent/lib/clock.js";
import { createAuthority } from "#fleet/certs/authority.js";
import { fillOutbox } from "./ours.mjs";

const [size] = process.argv.slice(2);
/** Messages of a run, and pairs of runs; fewer where each answer has to be waited for. */
const FULL = { count: 10_000, pairs: 11 };
const LATE = { count: 2000, pairs: 5 };
const SMALLER = { "--smoke": { count: 100, pairs: 1 }, "--quick": { count: 2000, pairs: 3 } }[size];
/** Milliseconds by which each answer comes later, and how many are in flight: 8 is the agent's default. */
const ROWS = [
  { late: 0, inFlight: 1, ...FULL },
  { late: 0, inFlight: 8, ...FULL },
  { late: 0, inFlight: 100, ...FULL },
  { late: 20, inFlight: 8, ...LATE },
  { late: 20, inFlight: 100, ...LATE },
];
const DEVICE = "bench-01";
const besides = (name) => fileURLToPath(new URL(name, import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "cave-drain-"));
let cloud;
try {
  const settings = await prepare();
  print([
    "late, ms",
    "in flight",
    "ours/s",
    "SDK/s",
    "ratio",
    "lowest",
    "highest",
    "ours µs CPU",
    "SDK µs CPU",
  ]);
  for (const row of size === "--smoke" ? ROWS.slice(0, 1) : ROWS) {
    const sized = { ...row, ...SMALLER };
    await fillOutbox(join(folder, "backlog"), sized.count);
    await ask({ stall: row.late });
    print(cells(row, await pairs({ ...settings, ...sized })));
    rmSync(join(folder, "backlog"), { recursive: true });
  }
} finally {
  await closeCloud();
  rmSync(folder, { recursive: true, force: true });
}

/** It writes its state when it closes: not into a folder that is gone. */
async function closeCloud() {
  if (!cloud?.connected) return;
  cloud.disconnect();
  await once(cloud, "exit");
}

/** Cloud, certificate and registration. */
async function prepare() {
  const authority = await createAuthority({ commonName: "bench root" });
  const leaf = await authority.issueDevice({ commonName: DEVICE });
  const device = { id: "", certificateFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  writeFileSync(join(folder, "root.pem"), authority.certificatePem);
  writeFileSync(device.certificateFile, leaf.certificatePem);
  writeFileSync(device.keyFile, leaf.keyPem, { mode: 0o600 });
  cloud = fork(besides("./cloud.mjs"), [join(folder, "cloud"), join(folder, "root.pem")]);
  const [{ dps, trustedCaFile }] = await once(cloud, "message");
  const credentials = {
    identity: loadIdentity(device),
    trustedCaPem: readFileSync(trustedCaFile, "utf8"),
    modelId: "dtmi:cheesecave:CaveGateway;1",
  };
  const stop = AbortSignal.timeout(20_000);
  const { hub } = await register(dps.host, dps.idScope, credentials, systemClock, stop);
  return { device, dps, trustedCaFile, hub, deviceId: DEVICE };
}

/** Alternating, so that a machine that warms up or is disturbed does the same to both. */
async function pairs(settings) {
  const found = [];
  for (let pair = 0; pair < settings.pairs; pair += 1) {
    const sides = pair % 2 === 0 ? ["ours", "sdk"] : ["sdk", "ours"];
    const figures = {};
    for (const side of sides) figures[side] = await measure(side, settings);
    found.push({ ...figures, ratio: figures.ours.perSecond / figures.sdk.perSecond });
  }
  return found;
}

async function measure(side, settings) {
  const copy = join(folder, "copy");
  if (side === "ours") cpSync(join(folder, "backlog"), copy, { recursive: true });
  const before = await received();
  const words = [besides("./measure.mjs"), side, JSON.stringify({ ...settings, folder: copy })];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  const arrived = (await received()) - before;
  rmSync(copy, { recursive: true, force: true });
  if (arrived !== settings.count) throw new Error(`${side}: ${arrived} of ${settings.count} arrived`);
  return JSON.parse(stdout);
}

async function received() {
  return (await ask({})).received;
}

async function ask(question) {
  cloud.send(question);
  const [answer] = await once(cloud, "message");
  return answer;
}

function cells({ late, inFlight }, found) {
  const median = (pick) => found.map(pick).sort((a, b) => a - b)[Math.floor(found.length / 2)];
  const ratios = found.map(({ ratio }) => ratio);
  return [
    late,
    inFlight,
    median(({ ours }) => ours.perSecond).toFixed(0),
    median(({ sdk }) => sdk.perSecond).toFixed(0),
    median(({ ratio }) => ratio).toFixed(2),
    Math.min(...ratios).toFixed(2),
    Math.max(...ratios).toFixed(2),
    median(({ ours }) => ours.cpu).toFixed(0),
    median(({ sdk }) => sdk.cpu).toFixed(0),
  ];
}

function print(texts) {
  process.stdout.write(`${texts.map((cell) => String(cell).padEnd(13)).join("")}\n`);
}
