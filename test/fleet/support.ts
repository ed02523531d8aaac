import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defer, removeFolder, type Scope } from "../support/cleanup.ts";

/** A folder of this test's own, removed after it. */
export async function temporaryFolder(t: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cave-fleet-"));
  defer(t, () => removeFolder(folder));
  return folder;
}
