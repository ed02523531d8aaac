import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CODES, type CodeEntry } from "#agent/health/codes.js";
import { ROOT } from "../support/rig.js";

/** These are raised by the state of things, and need not be thrown by anybody. */
const CONDITIONS = new Set([
  "CERTIFICATE_EXPIRED",
  "CERTIFICATE_EXPIRES_WITHIN_1_DAY",
  "CERTIFICATE_EXPIRES_WITHIN_30_DAYS",
  "CERTIFICATE_EXPIRES_WITHIN_7_DAYS",
  "CERTIFICATE_NOT_YET_VALID",
  "CLOCK_UNSYNCHRONIZED",
  "FAN_NO_EFFECT",
  "HUB_FLAPPING",
  "OFFLINE",
  "OUTBOX_DAMAGED",
  "OUTBOX_DROPPING",
  "OUTBOX_IN_MEMORY",
  "SENSOR_FAULT",
  "SENSOR_IMPLAUSIBLE",
  "SENSOR_STALE",
  "SENSOR_STUCK",
]);

/** The codes of AgentErrors in a source text; one that begins with the peer's name stands for DPS and hub. */
function thrownCodes(text: string): string[] {
  return [...text.matchAll(/\bcode: ([^\n]*)/g)].flatMap(([, expression = ""]) => [
    ...[...expression.matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g)].map(([, code = ""]) => code),
    ...[...expression.matchAll(/\$\{peer\.toUpperCase\(\)\}(_[A-Z_]+)/g)].flatMap(([, end = ""]) => [
      `DPS${end}`,
      `HUB${end}`,
    ]),
  ]);
}

function codesInSources(): Set<string> {
  const folder = join(ROOT, "src");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  return new Set(files.flatMap((name) => thrownCodes(readFileSync(join(folder, name), "utf8"))));
}

function documentedCodes(): Map<string, CodeEntry> {
  const text = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
  const rows = [...text.matchAll(/^\| ([A-Z][A-Z0-9_]+) \| (\w+) \| (.+) \| (.+) \|$/gm)];
  return new Map(
    rows.map(([, code = "", severity = "", title = "", remedy = ""]) => [
      code,
      { severity: severity as CodeEntry["severity"], title, remedy },
    ]),
  );
}

test("the scan finds every way in which a code is written", () => {
  assert.deepEqual(thrownCodes('  code: "FAN_FAILED", retryable: true'), ["FAN_FAILED"]);
  const byPeer = `  code: \`\${peer.toUpperCase()}_LATE\`,`;
  assert.deepEqual(thrownCodes(byPeer), ["DPS_LATE", "HUB_LATE"]);
  assert.deepEqual(thrownCodes('return { after, code: "HUB_TIMEOUT", awaiting };'), ["HUB_TIMEOUT"]);
});

test("every code that src throws is in the catalogue", () => {
  const unknown = [...codesInSources()].filter((code) => !Object.hasOwn(CODES, code));
  assert.deepEqual(unknown, [], "add them to src/health/codes.ts and docs/errors.md");
});

test("every error is logged with its code, if it has one", () => {
  const folder = join(ROOT, "src");
  const bare = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    return (
      name.endsWith(".ts") &&
      /event: [^}\n]*cause: (messageOf|\w+\.message)/.test(readFileSync(join(folder, name), "utf8"))
    );
  });
  assert.deepEqual(bare, [], "causeOf of src/errors.ts has the fields");
});

test("every code of the catalogue is thrown somewhere, or is a condition", () => {
  const used = codesInSources();
  const unused = Object.keys(CODES).filter((code) => !used.has(code) && !CONDITIONS.has(code));
  assert.deepEqual(unused, [], "take them out of src/health/codes.ts and docs/errors.md");
});

test("docs/errors.md says what the catalogue says", () => {
  assert.deepEqual([...documentedCodes()], Object.entries(CODES));
});

test("every title and remedy is a sentence", () => {
  for (const [code, { title, remedy }] of Object.entries(CODES)) {
    assert.match(title, /^[A-Z].*\.$/, code);
    assert.match(remedy, /^[A-Z].*\.$/, code);
  }
});
