import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, createAuthority } from "#fleet/certs/authority.js";

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
export async function temporaryDirectory(t: { after(fn: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "cave-test-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
