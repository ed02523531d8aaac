import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { print } from "../output.ts";
import type { HubOptions } from "../service/find-hubs.ts";
import type { Service } from "../service/service.ts";
import { stopSignal } from "../stop-signal.ts";
import { parseCount } from "../values.ts";
import { pollStatus } from "../view/poll.ts";
import { createPoller } from "../view/poller.ts";
import { emptyRow, type Row } from "../view/row.ts";
import { createTableView } from "../view/table-view.ts";
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
A cave that is slow to answer keeps no other waiting; a line that is older than 10 s says so.
With --json, one object a cave and round, one a line; a round then waits for every cave.`;

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
  const show = options.json ? showJson : createTableView(process.stdout).show;
  const isWhole = options.once === true || options.json === true;
  const look = isWhole ? (ids: string[]) => pollStatus(service, ids) : liveLook(service, interval);
  try {
    let ids: string[] = [];
    for (let round = 0; !signal.aborted; round += 1) {
      if (round % LIST_EVERY === 0 || ids.length === 0) ids = await service.devices();
      show(await look(ids));
      if (options.once) return;
      await delay(interval, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    stop();
  }
}

/** Asks every cave, and does not wait for those that take longer than a round. */
function liveLook(service: Service, interval: number): (ids: string[]) => Promise<Row[]> {
  // A cave is due at every round: the timer of the next one may be a little early.
  const poller = createPoller({ service, every: interval / 2 });
  let failure: { error: unknown } | undefined;
  return async (ids) => {
    const asked = poller.ask(ids).catch((error: unknown) => {
      failure = { error };
    });
    await Promise.race([asked, delay(interval)]);
    if (failure) throw failure.error;
    return ids.map((id) => poller.row(id) ?? emptyRow(id, "unknown", "has not answered yet"));
  };
}

function showJson(rows: Row[]): void {
  const at = new Date().toISOString();
  for (const row of rows) print(JSON.stringify({ at, ...row }));
}
