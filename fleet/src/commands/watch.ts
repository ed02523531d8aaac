import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { print } from "../output.ts";
import type { HubOptions } from "../service/find-hub.ts";
import type { Service } from "../service/service.ts";
import { stopSignal } from "../stop-signal.ts";
import { parseCount } from "../values.ts";
import { pollStatus } from "../view/poll.ts";
import type { Row } from "../view/row.ts";
import { createScreen } from "../view/screen.ts";
import { renderTable } from "../view/table.ts";
import { addHubOptions, withService } from "./hub-options.ts";

interface WatchOptions extends HubOptions {
  interval: string;
  once?: true;
  json?: true;
}

/** Rounds between two looks for new devices: that query is dearer than it looks on a large hub. */
const LIST_EVERY = 10;

const DETAILS = `
Columns: temperature and humidity as last read (~ means simulated, not measured), what the fan does and
why, the connection as the agent sees it, and the messages that the hub has confirmed to it.
With --json, one object a cave and round, one a line.`;

export function addWatchCommand(program: Command, end: (exitCode: number) => void): void {
  addHubOptions(program.command("watch").description("show all caves of the hub, live"))
    .option("--interval <seconds>", "time between two rounds, 1 to 3600", "2")
    .option("--once", "one round, then stop")
    .option("--json", "for programs: JSON lines instead of the table")
    .addHelpText("after", DETAILS)
    .action(async (options: WatchOptions) => {
      const interval = parseCount("--interval", options.interval, { minimum: 1, maximum: 3600 });
      await withService(options, (service) => watch(service, interval * 1000, options));
      end(0);
    });
}

async function watch(service: Service, interval: number, options: WatchOptions): Promise<void> {
  const { signal, stop } = stopSignal();
  const show = options.json ? showJson : tableShower();
  try {
    let ids: string[] = [];
    for (let round = 0; !signal.aborted; round += 1) {
      if (round % LIST_EVERY === 0 || ids.length === 0) ids = await service.devices();
      show(await pollStatus(service, ids));
      if (options.once) return;
      await delay(interval, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    stop();
  }
}

function showJson(rows: Row[]): void {
  const at = new Date().toISOString();
  for (const row of rows) print(JSON.stringify({ at, ...row }));
}

function tableShower(): (rows: Row[]) => void {
  const screen = createScreen(process.stdout);
  return (rows) => {
    const lines = rows.length > 0 ? renderTable(rows, screen.size()) : ["no devices yet"];
    screen.draw(screen.inPlace ? lines : [...lines, ""]);
  };
}
