import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { writeFileAtomically } from "../lib/atomic-file.ts";

/** The hub's shared access key: 32 random bytes in base64, made at the first start and kept (mode 0600). */
export function loadAccessKey(file: string): string {
  if (existsSync(file)) {
    const kept = readFileSync(file, "utf8").trim();
    if (Buffer.from(kept, "base64").length === 32) return kept;
  }
  const key = randomBytes(32).toString("base64");
  writeFileAtomically(file, `${key}\n`);
  return key;
}
