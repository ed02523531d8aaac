import { access } from "node:fs/promises";
import { join } from "node:path";

/**
 * systemd-timesyncd makes `folder` when it starts, removes it when it stops, and in it makes the file `synchronized`
 * when a time server has set the clock (systemd-timesyncd.service(8)). Undefined without the folder: it does not run.
 */
export async function askTimesyncd(folder: string): Promise<boolean | undefined> {
  if (await exists(join(folder, "synchronized"))) return true;
  return (await exists(folder)) ? false : undefined;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
