// node bench/outbox/run.mjs [--quick | --smoke]: our outbox side by side with what else there is; bench/README.md says
// what it means.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { canMount, deviceBytes } from "./device.mjs";
import { STORES, whyNot } from "./stores.mjs";

const scale = { "--smoke": 0.001, "--quick": 0.1 }[process.argv[2]] ?? 1;
const SYNCED = 3000 * scale;
const GROUPED = 60_000 * scale;
const MILLION = 1_000_000 * scale;
const MEASURE = fileURLToPath(new URL("./measure.mjs", import.meta.url));

async function measure(...words) {
  const { stdout } = await promisify(execFile)(process.execPath, [MEASURE, ...words.map(String)]);
  return JSON.parse(stdout);
}

async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), "cave-bench-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Appends with a sync after every `batch`; as root on a device of its own. */
function appending(store, records, batch) {
  return inFolder((folder) => {
    const work = (place) => measure(store, "append", place, records, batch);
    return canMount ? deviceBytes(folder, work) : work(join(folder, "store"));
  });
}

/** Figures of one store, by row. */
async function figuresOf(store) {
  const single = await appending(store, SYNCED, 1);
  const grouped = await appending(store, GROUPED, 60);
  const drain = await inFolder(async (folder) => {
    await measure(store, "append", join(folder, "store"), GROUPED, 60);
    return measure(store, "drain", join(folder, "store"), GROUPED);
  });
  const large = await inFolder(async (folder) => {
    await measure(store, "append", join(folder, "store"), MILLION, 10_000);
    return measure(store, "open", join(folder, "store"), MILLION);
  });
  const device = (bytes, records) => (canMount ? bytes / records : undefined);
  return {
    "device bytes per record, B=1": device(single.deviceBytes, SYNCED),
    "device bytes per record, B=60": device(grouped.deviceBytes, GROUPED),
    "write(2) bytes per record, B=1": single.bytes,
    "write(2) bytes per record, B=60": grouped.bytes,
    "append per second, B=1": single.perSecond,
    "append per second, B=60": grouped.perSecond,
    "drain per second": drain.perSecond,
    [`open ${MILLION}: ms`]: large.milliseconds,
    [`open ${MILLION}: MB`]: large.megabytes,
    [`drain ${MILLION}: MB`]: large.most,
  };
}

const columns = {};
for (const store of Object.keys(STORES)) {
  const reason = await whyNot(store);
  columns[store] = reason ?? (await figuresOf(store));
}
for (const row of Object.keys(columns.ours)) {
  const cells = Object.values(columns).map((column) => cell(column, row, columns.ours[row]));
  print([row, ...cells]);
}

function cell(column, row, ours) {
  if (typeof column === "string") return column;
  const value = column[row];
  if (value === undefined) return "not measured: needs root";
  const shown = value.toFixed(value < 100 ? 1 : 0);
  return column === columns.ours ? shown : `${shown} (${(value / ours).toFixed(2)})`;
}

function print([row, ...cells]) {
  if (row === Object.keys(columns.ours)[0]) {
    process.stdout.write(
      `${"".padEnd(34)}${Object.keys(columns)
        .map((name) => name.padEnd(26))
        .join("")}\n`,
    );
  }
  process.stdout.write(`${row.padEnd(34)}${cells.map((text) => text.padEnd(26)).join("")}\n`);
}
