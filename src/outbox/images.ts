import { isSilent } from "../lib/patience.ts";
import type { Files } from "./files.ts";
import { rangesOf, type Scan } from "./image.ts";
import { loadSegment } from "./load.ts";
import { createRanges, type Ranges } from "./ranges.ts";
import type { Unreadable } from "./unreadable.ts";
import type { Segment } from "./writer.ts";

export interface ImagesOptions {
  files: Files;
  unreadable: Unreadable;
  /** False once it was deleted. */
  isThere(segment: Segment): boolean;
  /** These entries of `file` cannot be read any more. */
  onLost(file: string, sequences: Ranges): void;
}

/** Segments in memory, the one used last kept longest. Loading one shows what is lost in it. */
export interface Images {
  /** Rejects with the error of the file system: of the disk as a whole, or of this file, which is then unreadable. */
  of(segment: Segment): Promise<Scan>;
  forget(segment: Segment): void;
}

/** Kept for reading: one for the walk along the backlog, one for those that overtake. */
const MOST_IMAGES = 2;

export function createImages({ files, unreadable, isThere, onLost }: ImagesOptions): Images {
  const images = new Map<Segment, Promise<Scan>>();

  async function load(segment: Segment): Promise<Scan> {
    // It may be written to while it is being read: only what was there before can be missed.
    const missing = createRanges(segment.held.list());
    const scan = await loadFrom(segment);
    for (const { first, last } of rangesOf(scan)) missing.remove(first, last);
    if (missing.size() > 0 && isThere(segment)) {
      for (const { first, last } of missing.list()) segment.held.remove(first, last);
      onLost(segment.path, missing);
    }
    return scan;
  }

  async function loadFrom(segment: Segment): Promise<Scan> {
    try {
      const scan = await loadSegment(files, segment.path);
      unreadable.remove(segment.path);
      return scan;
    } catch (error) {
      if (!isSilent(error) && isThere(segment)) unreadable.add(segment.path, error);
      throw error;
    }
  }

  function begin(segment: Segment): Promise<Scan> {
    const image = load(segment);
    image.catch(() => images.delete(segment));
    return image;
  }

  return {
    of(segment) {
      const image = images.get(segment) ?? begin(segment);
      images.delete(segment);
      images.set(segment, image);
      const [eldest] = images.keys();
      if (images.size > MOST_IMAGES && eldest) images.delete(eldest);
      return image;
    },
    forget: (segment) => void images.delete(segment),
  };
}
