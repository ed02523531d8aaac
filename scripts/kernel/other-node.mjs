// Another Node than the one that runs this, with the add-ons built for it: they are of one major version each.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { root, SetupError, say } from "../setup.mjs";

/** Beside the packages, and gone with them: nobody else may write there. */
const CACHE = join(root, "node_modules", ".cache", "kernel");
/** The packages with something to build, and what those need for it. */
const BUILT = ["i2c-bus", "epoll"];
const NEEDED = [...BUILT, "bindings", "file-uri-to-path", "nan"];

/**
 * Resolves to a Node of that major version and to the folders with its builds of the add-ons, each with the folder that
 * it takes the place of. Installed at the first call, from npm's own package of Node, headers included.
 */
export async function otherNode(major) {
  const folder = join(CACHE, `node-${major}`);
  const wanted = JSON.stringify(NEEDED.map(versionOf));
  const stamp = join(folder, "stamp.json");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await install(folder, major);
    writeFileSync(stamp, wanted);
  }
  const build = (home, name) => join(home, "node_modules", name, "build");
  const distribution = distributionIn(folder);
  const { version } = JSON.parse(readFileSync(join(distribution, "package.json"), "utf8"));
  return {
    version,
    node: join(distribution, "bin", "node"),
    replacements: BUILT.map((name) => ({ by: build(folder, name), place: build(root, name) })),
  };
}

async function install(folder, major) {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  const name = `node-${process.platform}-${process.arch}`;
  const installed = await timed(() => npm(folder, process.env, ["install", "--no-save", `${name}@${major}`]));
  for (const name of NEEDED)
    cpSync(join(root, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
  const distribution = distributionIn(folder);
  const env = {
    ...process.env,
    PATH: `${join(distribution, "bin")}:${process.env.PATH}`,
    // Its headers lie beside it; a setting of this machine's would be those of another version.
    npm_config_nodedir: distribution,
  };
  const built = await timed(() => npm(folder, env, ["rebuild", ...BUILT]));
  say(`Node ${major}: installed in ${installed} s, add-ons built in ${built} s`);
}

function distributionIn(folder) {
  return join(folder, "node_modules", `node-${process.platform}-${process.arch}`);
}

async function npm(folder, env, words) {
  const options = ["--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error"];
  const child = spawn("npm", [...words, ...options], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  const [code, out, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code === 0) return;
  throw new SetupError(`npm ${words.join(" ")} failed:\n${out}${errors}`);
}

async function timed(work) {
  const from = performance.now();
  await work();
  return ((performance.now() - from) / 1000).toFixed(1);
}

function versionOf(name) {
  return `${name}@${JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version}`;
}
