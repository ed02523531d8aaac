// One measurement in a process of its own: node measure.mjs <store> <task> <folder> <records> [batch]; prints JSON.
import { readFileSync } from "node:fs";
import { STORES } from "./stores.mjs";

const [store, task, folder, records, batch] = process.argv.slice(2);
const count = Number(records);
const resident = () => process.memoryUsage().rss / 2 ** 20;
/** 200 bytes as JSON. */
const RECORD = { temperature: 11.87, humidity: 91.4, source: "sht31", time: 1767225600000, note: "" };
RECORD.note = "x".repeat(200 - JSON.stringify(RECORD).length);

const TASKS = { append, drain, open };
process.stdout.write(JSON.stringify(await TASKS[task]()));

async function append() {
  const opened = await STORES[store](folder);
  const before = written();
  const start = performance.now();
  for (let done = 1; done <= count; done += 1) {
    await opened.append(RECORD, done % Number(batch) === 0 || done === count);
  }
  const seconds = (performance.now() - start) / 1000;
  await opened.close();
  return { perSecond: count / seconds, bytes: (written() - before) / count };
}

async function drain() {
  const opened = await STORES[store](folder);
  const start = performance.now();
  let drained = 0;
  for (let page = await opened.page(0, 100); page.length > 0; page = await opened.page(page.at(-1), 100)) {
    await opened.acknowledge(page);
    drained += page.length;
  }
  const seconds = (performance.now() - start) / 1000;
  await opened.close();
  if (drained !== count) throw new Error(`${drained} of ${count} drained`);
  return { perSecond: count / seconds };
}

async function open() {
  // What loading the code costs is no part of the store.
  await (await STORES[store](`${folder}.empty`)).close();
  const base = resident();
  const start = performance.now();
  const opened = await STORES[store](folder);
  const first = await opened.page(0, 1);
  const milliseconds = performance.now() - start;
  const megabytes = resident() - base;
  let most = megabytes;
  let read = first.length;
  for (
    let page = await opened.page(first[0], 100);
    page.length > 0;
    page = await opened.page(page.at(-1), 100)
  ) {
    read += page.length;
    most = Math.max(most, resident() - base);
  }
  await opened.close();
  if (read !== count) throw new Error(`${read} of ${count} read`);
  return { milliseconds, megabytes, most };
}

function written() {
  try {
    return Number(/^wchar: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
  } catch {
    return Number.NaN;
  }
}
