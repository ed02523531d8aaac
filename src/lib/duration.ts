const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration as systemd writes it with one unit ("500ms", "10s", "5m", "4h", "1d"), or of a bare number
 * of seconds (systemd.time(7)). Undefined if it is neither, is negative or is not finite.
 */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === "number") {
    return Number.isFinite(value) && value >= 0 ? value * 1000 : undefined;
  }
  if (typeof value !== "string") return undefined;
  const match = /^(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)?$/.exec(value.trim());
  if (!match) return undefined;
  return Number(match[1]) * UNITS[(match[2] ?? "s") as keyof typeof UNITS];
}

/** So many milliseconds as `parseDuration` reads them back, in the longest unit that takes a whole number: "90s", "4h". */
export function durationText(milliseconds: number): string {
  const unit = (["d", "h", "m"] as const).find(
    (each) => milliseconds > 0 && milliseconds % UNITS[each] === 0,
  );
  return `${milliseconds / UNITS[unit ?? "s"]}${unit ?? "s"}`;
}
