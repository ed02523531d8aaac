// The stores, each behind the same few verbs. `append` takes one record and makes it durable if `sync`.
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export const STORES = { ours: openOurs, "classic-level": openLevel, SQLite: openSqlite };

/** Undefined if this machine has the store, else why not. */
export async function whyNot(name) {
  if (name === "ours") return undefined;
  try {
    await import(name === "SQLite" ? "node:sqlite" : "classic-level");
    return undefined;
  } catch {
    return name === "SQLite" ? "not in this Node" : "not installed";
  }
}

async function openOurs(folder) {
  const { openSegmentOutbox } = await import("#agent/outbox/segments.js");
  const { openSequence } = await import("#agent/outbox/sequence.js");
  const { systemClock } = await import("#agent/lib/clock.js");
  const outbox = await openSegmentOutbox({
    directory: join(folder, "outbox"),
    sequence: await openSequence(join(folder, "sequence.json")),
    maxBytes: 1024 ** 3,
    maxAge: 365 * 86_400_000,
    syncEvery: 10_000,
    ringCapacity: 10_000,
    clock: systemClock,
    onHealth: (event) => {
      throw new Error(JSON.stringify(event));
    },
  });
  return {
    append: (record, sync) => outbox.append(record, { urgent: sync }),
    async page(after, limit) {
      return (await outbox.read(after, limit)).map(({ sequence }) => sequence);
    },
    acknowledge: async (sequences) => sequences.forEach(outbox.acknowledge),
    close: () => outbox.close(),
  };
}

const keyOf = (sequence) => String(sequence).padStart(16, "0");

async function openLevel(folder) {
  const { ClassicLevel } = await import("classic-level");
  const db = new ClassicLevel(folder, { valueEncoding: "json" });
  await db.open();
  let last = 0;
  for await (const key of db.keys({ reverse: true, limit: 1 })) last = Number(key);
  return {
    append(record, sync) {
      last += 1;
      return db.put(keyOf(last), record, { sync });
    },
    async page(after, limit) {
      const entries = await db.iterator({ gt: keyOf(after), limit }).all();
      return entries.map(([key]) => Number(key));
    },
    acknowledge: (sequences) =>
      db.batch(sequences.map((sequence) => ({ type: "del", key: keyOf(sequence) }))),
    close: () => db.close(),
  };
}

async function openSqlite(folder) {
  const { DatabaseSync } = await import("node:sqlite");
  mkdirSync(folder, { recursive: true });
  const db = new DatabaseSync(join(folder, "outbox.db"));
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  db.exec("CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT)");
  const insert = db.prepare("INSERT INTO outbox (record) VALUES (?)");
  const select = db.prepare("SELECT id, record FROM outbox WHERE id > ? ORDER BY id LIMIT ?");
  const remove = db.prepare("DELETE FROM outbox WHERE id = ?");
  let isOpen = false;
  return {
    async append(record, sync) {
      if (!isOpen) db.exec("BEGIN");
      isOpen = true;
      insert.run(JSON.stringify(record));
      if (sync) db.exec("COMMIT");
      isOpen = !sync;
    },
    page: async (after, limit) => select.all(after, limit).map(({ id, record }) => JSON.parse(record) && id),
    async acknowledge(sequences) {
      db.exec("BEGIN");
      for (const sequence of sequences) remove.run(sequence);
      db.exec("COMMIT");
    },
    async close() {
      if (isOpen) db.exec("COMMIT");
      db.close();
    },
  };
}
