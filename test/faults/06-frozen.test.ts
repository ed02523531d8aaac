import { describe, it } from "node:test";
import { LONG } from "./full.ts";
import { runChild, whyNoMounts } from "./namespace.ts";

describe("fault 6: a disk that hangs for all who write", () => {
  it("keeps a whole agent neither from its cave and the hub, nor from its end", LONG, async (t) => {
    const reason = await whyNoMounts({ root: true });
    if (reason) return t.skip(reason);
    await runChild("06-frozen-agent", [], { root: true });
  });
});
