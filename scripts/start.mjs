// npm start: sets up what is missing, then becomes `cave-fleet simulate` in this same process, so that signals and the
// exit code need no passing on.
import { main, say, setup } from "./setup.mjs";

/** Options of the simulation that npm knows nothing of: without `--` before them it keeps them for itself. */
const OURS = ["caves", "for", "state", "certs"];

const hint = forgottenDashes(process.env, process.argv.slice(2));
if (hint === undefined) {
  await main(async () => {
    await setup();
    process.argv = [process.argv[0], "npm start", "simulate", ...process.argv.slice(2)];
    await import("../fleet/dist/main.js");
  });
} else {
  say(`npm start: options come after --, or npm takes them for its own\n  ${hint}`);
  process.exitCode = 64;
}

/** What should have been typed, if npm swallowed options: it hands them on as npm_config_…, their values as words. */
function forgottenDashes(env, words) {
  const taken = OURS.filter((name) => env[`npm_config_${name}`] !== undefined);
  if (env.npm_lifecycle_event !== "start" || taken.length === 0) return undefined;
  const values = taken.map((name) => env[`npm_config_${name}`]);
  const isSure = values.every((value) => value !== "true") || (taken.length === 1 && words.length === 1);
  if (!isSure) return "npm start -- --caves 30";
  return `npm start -- ${taken.map((name, index) => `--${name} ${values[index] === "true" ? words[0] : values[index]}`).join(" ")}`;
}
