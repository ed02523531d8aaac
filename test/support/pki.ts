import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, createAuthority } from "#fleet/certs/authority.js";
import { defer, removeFolder, type Scope } from "./cleanup.ts";

export type { Authority };

/** A CA made for one test, and its certificate as a file. */
export interface TestCa extends Authority {
  certificateFile: string;
}

export async function createTestCa(directory: string, commonName = "test root"): Promise<TestCa> {
  const authority = await createAuthority({ commonName });
  const certificateFile = join(directory, `${commonName.replaceAll(" ", "-")}.pem`);
  await writeFile(certificateFile, authority.certificatePem);
  return { ...authority, certificateFile };
}

/** A folder that is gone after the test. */
export async function temporaryDirectory(t: Scope): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "cave-test-"));
  defer(t, () => removeFolder(directory));
  return directory;
}
