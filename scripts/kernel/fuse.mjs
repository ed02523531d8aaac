import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup.mjs";

const ADD_ONS = ["i2c-bus/build/Release/i2c.node", "epoll/build/Release/epoll.node"];

/**
 * A mount namespace in which anything may be mounted over /dev and /sys, and a process namespace in which nothing
 * outlives the test runner. Who is not root is that in a user namespace, where the system lets them.
 */
const NAMESPACES = [
  "unshare",
  ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
  ...["--mount", "--propagation", "private", "--pid", "--mount-proc", "--fork", "--kill-child"],
];

/**
 * Rig 1: no virtual machine. FUSE serves /dev/i2c-1 and /sys/class/gpio to the add-ons as npm has them.
 * @type {import("./rig.d.ts").Rig}
 */
export const fuse = {
  name: "fuse",
  folder: "fuse",
  isFast: true,
  /** Most of the tests wait; each file has namespaces of its own. */
  atATime: 3,
  /** Milliseconds for a file. */
  timeout: 300_000,
  canRun() {
    if (process.platform !== "linux") return { reason: "FUSE and namespaces are Linux", isImpossible: true };
    const missing = ADD_ONS.filter((file) => !existsSync(join(root, "node_modules", file)));
    if (missing.length > 0)
      return { reason: `not built: ${missing.join(", ")}; npm rebuild i2c-bus epoll, with a compiler` };
    try {
      closeSync(openSync("/dev/fuse", "r+"));
    } catch (error) {
      return { reason: `no access to /dev/fuse (${error.code}): modprobe fuse, or run it as root` };
    }
    const [command, ...words] = [...NAMESPACES, "mount", "-t", "tmpfs", "probe", "/sys/class"];
    const { error, stderr } = spawnSync(command, words, { encoding: "utf8" });
    const problem = error?.message ?? stderr.trim();
    return problem
      ? { reason: `cannot mount in a namespace of its own (${problem}): run it as root` }
      : undefined;
  },
  enter: () => NAMESPACES,
  on: ({ version, node, replacements }) => ({
    ...fuse,
    name: `fuse, Node ${version}`,
    node,
    enter: () => [...NAMESPACES, ...replacing(replacements)],
  }),
  /** By this the tests know that they are inside. */
  env: () => ({ KERNEL_RIG_OUTSIDE: readlinkSync("/proc/self/ns/mnt") }),
};

/** Mounts folders over others before the command that follows. */
function replacing(replacements) {
  const mounts = replacements.map(() => 'mount --bind "$1" "$2"; shift 2;').join(" ");
  return ["sh", "-ec", `${mounts} exec "$@"`, "sh", ...replacements.flatMap(({ by, place }) => [by, place])];
}
