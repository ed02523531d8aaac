// npm start: sets up what is missing, then becomes `cave-fleet simulate` in this same process, so that signals and the
// exit code need no passing on.
import { main, setup } from "./setup.mjs";

await main(async () => {
  await setup();
  process.argv = [process.argv[0], "cave-fleet", "simulate", ...process.argv.slice(2)];
  await import("../fleet/dist/main.js");
});
