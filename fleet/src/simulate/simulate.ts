import { note, print } from "../output.ts";
import { openService } from "../service/sdk.ts";
import { readControlC, stopSignal } from "../stop-signal.ts";
import { ensureCertificates } from "./certificates.ts";
import { writeConfigurations } from "./configuration.ts";
import { type LocalCloud, startCloud } from "./local-cloud.ts";
import type { SimulateOptions } from "./options.ts";
import { createProgress, type Progress } from "./progress.ts";
import { runCaves } from "./run.ts";
import { checkStateFolder } from "./state-folder.ts";
import type { Summary } from "./summary.ts";

/**
 * Runs a cloud and its caves until the time is over or a signal comes.
 * @returns the exit code: 1 if the run is `judged` and something went wrong; else 0
 * @throws FleetError if the folders, the cloud or the certificates cannot be had
 */
export async function simulate(options: SimulateOptions): Promise<number> {
  const asked = stopSignal();
  const typed = new AbortController();
  const letGo = options.json ? () => undefined : readControlC(process.stdin, () => typed.abort());
  const signal = AbortSignal.any([asked.signal, typed.signal]);
  const progress = createProgress(process.stderr);
  try {
    await checkStateFolder(options.stateDirectory, options.certificateFolder);
    progress.show("certificates…");
    const { rootFile } = await ensureCertificates(options.certificateFolder, options.deviceIds);
    progress.show("cloud…");
    const cloud = await startCloud(options.stateDirectory, rootFile);
    try {
      const summary = await runOn(cloud, options, signal, progress);
      return options.judged ? report(summary, options.json) : 0;
    } finally {
      await cloud.close();
    }
  } finally {
    progress.done();
    letGo();
    asked.stop();
  }
}

async function runOn(
  cloud: LocalCloud,
  options: SimulateOptions,
  signal: AbortSignal,
  progress: Progress,
): Promise<Summary> {
  const files = await writeConfigurations({ ...options, ...cloud.forAgents }, options.deviceIds);
  const service = openService(cloud.connectionString, { trustedCaFile: cloud.forAgents.trustedCaFile });
  try {
    return await runCaves({ options, cloud, service, files, progress, signal });
  } finally {
    service.close();
  }
}

function report(summary: Summary, json: boolean): number {
  for (const failure of summary.failures) note(failure);
  if (json) print(JSON.stringify(summary));
  return summary.failures.length === 0 ? 0 : 1;
}
