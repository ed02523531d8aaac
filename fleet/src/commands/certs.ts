import type { Command } from "commander";
import { deviceFiles, type PairFiles, refuseExisting, rootFiles, writePair } from "../certs/files.ts";
import { checkDeviceName } from "../certs/names.ts";
import { note, print } from "../output.ts";
import { parseCount } from "../values.ts";

interface CertsOptions {
  out: string;
  days: string;
  force?: true;
}

interface RootOptions extends CertsOptions {
  name: string;
}

const DAY = 86_400_000;
const DAYS = { minimum: 1, maximum: 36_500 };

export function addCertsCommand(program: Command): void {
  const certs = program.command("certs").description("make the root CA and the certificates of devices");
  certs
    .command("root")
    .description("make the root CA that your DPS enrolment group will trust")
    .option("--out <folder>", "where to write root.cert.pem and root.key.pem", "certs")
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
    .option("--out <folder>", "folder of the root; devices are written to devices/ in it", "certs")
    .option("--days <n>", "how long they are valid, 1 to 36500, at most as long as the root", "365")
    .option("--force", "replace what is there")
    .addHelpText("after", "\nExample:\n  cave-fleet certs device cave-01 cave-02")
    .action(makeDevices);
}

async function makeRoot(options: RootOptions): Promise<void> {
  const days = parseCount("--days", options.days, DAYS);
  const files = rootFiles(options.out);
  if (!options.force) await refuseExisting(files);
  const { createAuthority } = await import("../certs/authority.ts");
  await writePair(files, await createAuthority({ commonName: options.name, days }), {
    force: options.force === true,
  });
  announce(files);
  note(
    "Keep the key offline. Give the certificate to DPS, and make leafs with: cave-fleet certs device <deviceId>",
  );
}

async function makeDevices(deviceIds: string[], options: CertsOptions): Promise<void> {
  const days = parseCount("--days", options.days, DAYS);
  const files = [...new Set(deviceIds)].map((id) => ({ id, ...deviceFiles(options.out, id) }));
  // All are checked before the first is made: nothing is half applied.
  for (const id of deviceIds) checkDeviceName(id);
  if (!options.force) for (const pair of files) await refuseExisting(pair);
  const root = rootFiles(options.out);
  const { loadAuthority } = await import("../certs/authority.ts");
  const authority = await loadAuthority(root.certificateFile, root.keyFile);
  const notAfter = new Date(Date.now() + days * DAY);
  for (const { id, ...pair } of files) {
    await writePair(pair, await authority.issueDevice({ commonName: id, notAfter }), {
      force: options.force === true,
    });
    announce(pair);
  }
}

function announce(files: PairFiles): void {
  print(files.certificateFile);
  print(files.keyFile);
}
