/** Whole numbers from `first` to `last`, both included. */
export interface Range {
  first: number;
  last: number;
}

/** A set of whole numbers that costs memory for its gaps, not for its members. */
export interface Ranges {
  add(first: number, last?: number): void;
  /** How many of them were in the set. */
  remove(first: number, last?: number): number;
  has(value: number): boolean;
  /** The smallest member above `value`. */
  firstAbove(value: number): number | undefined;
  /** True if any member lies between `first` and `last`, both included. */
  overlaps(first: number, last: number): boolean;
  /** The largest member; undefined if there is none. */
  last(): number | undefined;
  size(): number;
  /** Ascending, with at least one number missing between two. */
  list(): readonly Readonly<Range>[];
}

export function createRanges(initial: Iterable<Range> = []): Ranges {
  const ranges: Range[] = [];
  let size = 0;

  /** Index of the first range that ends at `value` or later. */
  function seek(value: number): number {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ranges[middle]?.last ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function add(first: number, last = first): void {
    const at = seek(first - 1);
    const merged = { first, last };
    let touched = 0;
    for (let range = ranges[at]; range && range.first <= last + 1; range = ranges[at + touched]) {
      merged.first = Math.min(merged.first, range.first);
      merged.last = Math.max(merged.last, range.last);
      size -= lengthOf(range);
      touched += 1;
    }
    ranges.splice(at, touched, merged);
    size += lengthOf(merged);
  }

  function remove(first: number, last = first): number {
    const at = seek(first);
    const rest: Range[] = [];
    const before = size;
    let touched = 0;
    for (let range = ranges[at]; range && range.first <= last; range = ranges[at + touched]) {
      if (range.first < first) rest.push({ first: range.first, last: first - 1 });
      if (range.last > last) rest.push({ first: last + 1, last: range.last });
      size -= lengthOf(range);
      touched += 1;
    }
    for (const range of rest) size += lengthOf(range);
    if (touched > 0) ranges.splice(at, touched, ...rest);
    return before - size;
  }

  const overlaps = (first: number, last: number): boolean => (ranges[seek(first)]?.first ?? Infinity) <= last;
  for (const range of initial) add(range.first, range.last);

  return {
    add,
    remove,
    has: (value) => overlaps(value, value),
    firstAbove(value) {
      const range = ranges[seek(value + 1)];
      return range && Math.max(range.first, value + 1);
    },
    overlaps,
    last: () => ranges.at(-1)?.last,
    size: () => size,
    list: () => ranges,
  };
}

/** The numbers between the members: from after the first range to before the last. */
export function gapsOf(ranges: Ranges): Range[] {
  const list = ranges.list();
  return list.slice(1).map((range, index) => ({
    first: (list[index]?.last ?? 0) + 1,
    last: range.first - 1,
  }));
}

function lengthOf({ first, last }: Range): number {
  return last - first + 1;
}
