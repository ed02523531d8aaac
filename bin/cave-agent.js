#!/usr/bin/env node
// A reload that comes while the modules load, which takes seconds on a small gateway, must not end the agent.
if (process.argv[2] === "run") process.on("SIGHUP", () => undefined);
await import("../dist/main.js");
