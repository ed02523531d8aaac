// npm run check: types, lint, format and boundaries in one go. All are run, so that one look shows everything.
import { join } from "node:path";
import { checkAndInstall, compile, main, root, runNode } from "./setup.mjs";

const BIOME = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");

await main(async () => {
  await checkAndInstall();
  const typed = await compile();
  const clean = (await runNode([BIOME, "ci", "--error-on-warnings"], ["ignore", 1, 2])) === 0;
  const apart = (await runNode([join(root, "scripts", "boundaries.mjs")], ["ignore", 1, 2])) === 0;
  process.exitCode = typed && clean && apart ? 0 : 1;
});
