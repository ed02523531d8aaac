import type { Command } from "commander";
import { deviceFiles, type PairFiles, refuseExisting, rootFiles, writePair } from "../certs/files.ts";
import { checkDeviceName } from "../certs/names.ts";
import { note, print } from "../output.ts";
import { quote } from "../shell.ts";
import { parseCount, parseFolder } from "../values.ts";

interface CertsOptions {
  out: string;
  days: string;
  force?: true;
}

interface RootOptions extends CertsOptions {
  name: string;
}

const OUT = "certs";
const DAY = 86_400_000;
const DAYS = { minimum: 1, maximum: 36_500 };

export function addCertsCommand(program: Command): void {
  const certs = program.command("certs").description("make the root CA and the certificates of devices");
  certs
    .command("root")
    .description("make the root CA that your DPS enrolment group will trust")
    .option("--out <folder>", "where to write root.cert.pem and root.key.pem", OUT)
    .option("--name <commonName>", "common name of the root", "Cheese Cave Root CA")
    .option("--days <n>", "how long it is valid, 1 to 36500", "3650")
    .option("--force", "replace what is there: every device then needs a new certificate")
    .addHelpText(
      "after",
      "\nThe key never leaves this machine by itself: keep it offline, and a copy of it safe.",
    )
    .action(makeRoot);
  certs
    .command("device")
    .description("make a key and a client certificate for each device")
    .argument("<deviceId...>", "also the certificate's common name and the DPS registration id")
    .option("--out <folder>", "folder of the root; devices are written to devices/ in it", OUT)
    .option("--days <n>", "how long they are valid, 1 to 36500, at most as long as the root", "365")
    .option("--force", "replace what is there")
    .addHelpText("after", "\nExample:\n  cave-fleet certs device cave-01 cave-02")
    .action(makeDevices);
}

async function makeRoot(options: RootOptions): Promise<void> {
  const days = parseCount("--days", options.days, DAYS);
  parseFolder("--out", options.out);
  const files = rootFiles(options.out);
  if (!options.force) await refuseExisting(files);
  const { createAuthority } = await import("../certs/authority.ts");
  await writePair(files, await createAuthority({ commonName: options.name, days }), howToWrite(options));
  announce(files);
  note(
    `Keep the key offline. Give the certificate to DPS, and make leaves with: cave-fleet certs device <deviceId>${outOf(options)}`,
  );
}

async function makeDevices(deviceIds: string[], options: CertsOptions): Promise<void> {
  const days = parseCount("--days", options.days, DAYS);
  parseFolder("--out", options.out);
  const files = [...new Set(deviceIds)].map((id) => ({ id, ...deviceFiles(options.out, id) }));
  // All are checked before the first is made: nothing is half applied.
  for (const id of deviceIds) checkDeviceName(id);
  if (!options.force) for (const pair of files) await refuseExisting(pair);
  const root = rootFiles(options.out);
  const { loadAuthority } = await import("../certs/authority.ts");
  const authority = await loadAuthority(
    root.certificateFile,
    root.keyFile,
    `cave-fleet certs root${outOf(options)}`,
  );
  const notAfter = new Date(Date.now() + days * DAY);
  for (const { id, ...pair } of files) {
    await writePair(pair, await authority.issueDevice({ commonName: id, notAfter }), howToWrite(options));
    announce(pair);
  }
}

function howToWrite({ force }: CertsOptions): { force: boolean; option: string } {
  return { force: force === true, option: "--out" };
}

/** What a further command needs to find the same folder. */
function outOf({ out }: CertsOptions): string {
  return out === OUT ? "" : ` --out ${quote(out)}`;
}

function announce(files: PairFiles): void {
  print(files.certificateFile);
  print(files.keyFile);
}
