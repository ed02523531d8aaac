// The walls of the house: who may import what. Data first, then the few lines that hold the code against it.
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Each vendor package is imported in the files named here and nowhere else; a folder ends in "/". */
const VENDORS = {
  src: {
    "azure-iot-mqtt-base": ["src/hub/sdk/mqtt.ts"],
    "azure-iot-provisioning-device": ["src/hub/sdk/registration.ts"],
    "azure-iot-security-x509": ["src/hub/sdk/registration.ts"],
    "azure-iot-device-mqtt": ["src/hub/sdk/method-transport.ts"],
    "azure-iot-device": ["src/hub/sdk/link.ts"],
    commander: ["src/commands/program.ts"],
    convict: ["src/config-schema.ts"],
    "i2c-bus": ["src/sensor/i2c.ts"],
    onoff: ["src/fan/onoff-gpio.ts"],
    pino: ["src/log.ts"],
    "smol-toml": ["src/config.ts"],
  },
  fleet: {
    "azure-iothub": ["fleet/src/service/sdk.ts"],
    commander: ["fleet/src/program.ts", "fleet/src/commands/"],
    "@peculiar/x509": ["fleet/src/certs/authority.ts"],
    "reflect-metadata": ["fleet/src/certs/authority.ts"],
    "cave-cloud": ["fleet/src/simulate/"],
    "cave-agent": ["fleet/src/simulate/"],
  },
  "local-cloud": {
    aedes: ["local-cloud/src/mqtt/broker.ts"],
    commander: ["local-cloud/src/cli.ts"],
    fastify: ["local-cloud/src/service-api/"],
    pino: ["local-cloud/src/log.ts"],
    "@peculiar/x509": ["local-cloud/src/certificates/"],
    "reflect-metadata": ["local-cloud/src/certificates/"],
  },
};

/** What cave/ may import: itself, and these for their types and pure functions. */
const PURE = { folder: "src/cave/", typesOf: ["src/sensor/sensor.ts", "src/fan/fan.ts"] };

/** The specifiers of all static imports, exports and dynamic imports of a source text; `type` for type-only ones. */
export function importsOf(text) {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;
  return [...text.matchAll(pattern)].map(([, type, specifier, dynamic]) => ({
    type: type !== undefined,
    specifier: specifier ?? dynamic,
  }));
}

/** What is wrong with one file; empty if nothing is. `file` is relative to the root, with "/" between folders. */
export function violations(file, text) {
  const part = file.startsWith("src/") ? "src" : file.split("/")[0];
  return importsOf(text).flatMap(({ type, specifier }) => {
    const problem = specifier.startsWith(".")
      ? relativeProblem(file, part, specifier, type)
      : packageProblem(file, part, specifier);
    return problem ? [`${file}: ${problem}`] : [];
  });
}

function relativeProblem(file, part, specifier, type) {
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  const home = part === "src" ? "src/" : `${part}/src/`;
  if (!target.startsWith(home)) return `imports ${target}: the parts stay apart`;
  if (!file.startsWith(PURE.folder) || target.startsWith(PURE.folder)) return undefined;
  const allowed = type && PURE.typesOf.includes(target);
  return allowed
    ? undefined
    : `imports ${target}: cave/ is pure, it may take only types of ${PURE.typesOf.join(", ")}`;
}

function packageProblem(file, part, specifier) {
  const isBuiltin = specifier.startsWith("node:") || builtinModules.includes(specifier);
  if (file.startsWith(PURE.folder)) return `imports ${specifier}: cave/ is pure, it imports no package`;
  if (isBuiltin) return undefined;
  const rule = Object.entries(VENDORS[part]).find(([name]) => specifier.startsWith(name));
  if (!rule) return `imports ${specifier}: no room is declared for it in scripts/boundaries.mjs`;
  const isHome = rule[1].some((home) => (home.endsWith("/") ? file.startsWith(home) : file === home));
  return isHome ? undefined : `imports ${specifier}: only ${rule[1].join(", ")} may`;
}

/** All violations below `root`. */
export function checkTree(root) {
  return ["src", "fleet/src", "local-cloud/src"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => {
        const path = join(root, folder, name);
        return violations(relative(root, path).replaceAll("\\", "/"), readFileSync(path, "utf8"));
      }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = checkTree(join(dirname(fileURLToPath(import.meta.url)), ".."));
  for (const line of found) process.stderr.write(`${line}\n`);
  process.stdout.write(found.length === 0 ? "boundaries: ok\n" : `boundaries: ${found.length} broken\n`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
