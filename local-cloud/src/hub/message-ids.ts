/** Counts different message ids; ids that end in a running number cost no memory each, in whatever order they come. */
export interface MessageIds {
  add(messageId: string): void;
  count(): number;
}

/** First and last number of a run without gaps. */
type Run = [first: number, last: number];

// No leading zero, so that a prefix and a number give back one id and no other.
const NUMBERED = /^(.*?)(0|[1-9]\d{0,14})$/s;

export function createMessageIds(): MessageIds {
  const runs = new Map<string, Run[]>();
  const others = new Set<string>();
  let numbered = 0;
  return {
    add(messageId) {
      const match = NUMBERED.exec(messageId);
      if (match?.[1] === undefined || match[2] === undefined) {
        others.add(messageId);
        return;
      }
      const known = runs.get(match[1]) ?? [];
      if (insert(known, Number(match[2]))) numbered += 1;
      runs.set(match[1], known);
    },
    count: () => numbered + others.size,
  };
}

/** False when a run holds the number already; `runs` stays sorted and without neighbours that touch. */
function insert(runs: Run[], number: number): boolean {
  let index = runs.length;
  // Numbers come nearly in order: the place is at or near the end.
  while (index > 0 && (runs[index - 1]?.[0] ?? 0) > number) index -= 1;
  const before = runs[index - 1];
  const after = runs[index];
  if (before && number <= before[1]) return false;
  const touchesBefore = before !== undefined && before[1] + 1 === number;
  const touchesAfter = after !== undefined && after[0] - 1 === number;
  if (touchesBefore && touchesAfter) {
    before[1] = after[1];
    runs.splice(index, 1);
  } else if (touchesBefore) before[1] = number;
  else if (touchesAfter) after[0] = number;
  else runs.splice(index, 0, [number, number]);
  return true;
}
