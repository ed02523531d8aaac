import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runChild, whyNoMounts } from "./namespace.ts";

describe("fault 5: a full disk", () => {
  it("goes on in memory, drops the oldest there, and returns to disk by itself, in order", async (t) => {
    const reason = await whyNoMounts();
    if (reason) return t.skip(reason);
    const folder = await mkdtemp(join(tmpdir(), "cave-full-"));
    try {
      await runChild("05-disk-full", [folder]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("costs a whole agent nothing: not its fan, not a sample, and kill -9 no more", async (t) => {
    const reason = await whyNoMounts();
    if (reason) return t.skip(reason);
    await runChild("05-disk-full-agent", []);
  });
});
