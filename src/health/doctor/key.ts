import { access, constants, stat } from "node:fs/promises";
import { messageOf } from "../../errors.ts";
import type { ConfiguredCheck } from "./check.ts";

/** Whether others than its owner have any right to a file; false if that cannot be told. */
export async function isShared(file: string): Promise<boolean> {
  // Windows has no such mode bits: Node makes them up.
  if (process.platform === "win32") return false;
  return stat(file).then(
    ({ mode }) => (mode & 0o077) !== 0,
    () => false,
  );
}

/** Whether the private key is there, for the agent's user, and for nobody else. */
export const keyCheck: ConfiguredCheck = {
  id: "key",
  title: "private key",
  needs: ["device.keyFile"],
  async look({ config }) {
    const file = config.device.keyFile;
    try {
      await access(file, constants.R_OK);
    } catch (error) {
      return {
        result: "failed",
        detail: messageOf(error),
        remedy: `install ${file}, owned by the agent's user, with mode 0600; run doctor as that user`,
      };
    }
    const { mode, uid } = await stat(file);
    const bits = `0${(mode & 0o777).toString(8)}`;
    if (!(await isShared(file))) return { result: "ok", detail: `mode ${bits}, owner ${uid}` };
    return {
      result: "failed",
      detail: `${file} has mode ${bits}: others than its owner can use the private key`,
      remedy: `run: chmod 600 ${file}`,
    };
  },
};
