import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defer, type Scope } from "../../../support/cleanup.ts";
import type { BoardOptions } from "./board.ts";
import { PI_4 } from "./gpio-chip.ts";
import { createRemote, type RemoteBoard, writeOptions } from "./remote.ts";
import { BOARD, setStage } from "./stage.ts";

const SERVER = fileURLToPath(new URL("./server.js", import.meta.url));

/**
 * Gives this process and its children a Raspberry Pi's /dev/i2c-1 and /sys/class/gpio until the test is over, and
 * resolves to the far side of both. One at a time in a process.
 */
export async function startPi(t: Scope, options: Partial<BoardOptions> = {}): Promise<RemoteBoard> {
  setStage();
  const fuse = openSync("/dev/fuse", "r+");
  const how = `fd=3,rootmode=40000,user_id=0,group_id=0,allow_other`;
  execFileSync("mount", ["-i", "-t", "fuse", "-o", how, "board", BOARD], {
    stdio: ["ignore", "ignore", "pipe", fuse],
  });
  const whole = { gpioChips: PI_4, air: { temperature: 12, humidity: 90 }, ...options };
  const server = spawn(process.execPath, ["--enable-source-maps", SERVER, writeOptions(whole)], {
    stdio: ["ignore", "inherit", "inherit", fuse, "ipc"],
    serialization: "advanced",
  });
  // Or the mount would not end with the server.
  closeSync(fuse);
  const exited = new Promise((resolve) => server.once("exit", resolve));
  defer(t, async () => {
    // Whoever still has a file of it open gets errors from now on.
    server.kill("SIGKILL");
    await exited;
    execFileSync("umount", ["--lazy", BOARD]);
  });
  const board = createRemote(server);
  await board.busTransfers();
  return board;
}
