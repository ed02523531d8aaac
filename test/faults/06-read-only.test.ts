import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { LONG } from "./full.ts";
import { runChild, whyNoMounts } from "./namespace.ts";

describe("fault 6: a disk that is read-only", () => {
  it("starts in memory, reads what is on disk, repeats no sequence, and returns by itself", async (t) => {
    const reason = await whyNoMounts();
    if (reason) return t.skip(reason);
    const folder = await mkdtemp(join(tmpdir(), "cave-ro-"));
    try {
      await runChild("06-read-only", [folder]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("goes on in memory when the kernel makes it read-only under way", async (t) => {
    const reason = await whyNoMounts({ root: true });
    if (reason) return t.skip(reason);
    const folder = await mkdtemp(join(tmpdir(), "cave-ro-"));
    const image = await mkdtemp(join(tmpdir(), "cave-ro-image-"));
    try {
      await runChild("06-read-only-remount", [folder, join(image, "ext4")], { root: true });
    } finally {
      await rm(folder, { recursive: true, force: true });
      await rm(image, { recursive: true, force: true });
    }
  });

  it("costs a whole agent nothing that boots on it: not its fan, and not a sample", LONG, async (t) => {
    const reason = await whyNoMounts();
    if (reason) return t.skip(reason);
    await runChild("06-read-only-agent", []);
  });

  it("costs a whole agent nothing when the kernel makes it read-only under way", LONG, async (t) => {
    const reason = await whyNoMounts({ root: true });
    if (reason) return t.skip(reason);
    await runChild("06-read-only-remount-agent", [], { root: true });
  });
});
