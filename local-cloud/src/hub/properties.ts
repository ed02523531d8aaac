import { isObject, type Json, type JsonObject } from "./json.ts";

/** `$metadata` of a twin section: when each property was last set; times are ISO 8601 UTC. */
export interface Metadata {
  $lastUpdated: string;
  $lastUpdatedVersion?: number;
  [property: string]: Metadata | string | number | undefined;
}

/** One section of a twin (desired or reported) with its version and history. */
export interface Properties {
  values: JsonObject;
  metadata: Metadata;
  version: number;
}

interface Stamp {
  at: string;
  /** Azure keeps the version of a change for desired properties only. */
  version?: number;
}

export function emptyProperties(at: string): Properties {
  return { values: {}, metadata: { $lastUpdated: at }, version: 1 };
}

/** Merges a patch as JSON Merge Patch does (RFC 7396): null deletes, an object merges, all else replaces. */
export function patchProperties(
  current: Properties,
  patch: JsonObject,
  at: string,
  keepVersions: boolean,
): Properties {
  const version = current.version + 1;
  const stamp: Stamp = keepVersions ? { at, version } : { at };
  return { version, ...mergeObject(current.values, current.metadata, patch, stamp) };
}

export function replaceProperties(current: Properties, values: JsonObject, at: string): Properties {
  const version = current.version + 1;
  const empty = { values: {}, metadata: { $lastUpdated: at } };
  return { version, ...mergeObject(empty.values, empty.metadata, values, { at, version }) };
}

/** Tags: merged like properties, without history. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  return mergeObject(target, { $lastUpdated: "" }, patch, { at: "" }).values;
}

function mergeObject(values: JsonObject, metadata: Metadata, patch: JsonObject, stamp: Stamp) {
  const merged = { values: { ...values }, metadata: { ...metadata, ...mark(stamp) } };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$")) continue;
    if (value === null) {
      delete merged.values[key];
      delete merged.metadata[key];
    } else if (isObject(value)) {
      const inner = merged.values[key];
      const innerMetadata = merged.metadata[key];
      const result = mergeObject(
        isObject(inner) ? inner : {},
        isMetadata(innerMetadata) ? innerMetadata : mark(stamp),
        value,
        stamp,
      );
      merged.values[key] = result.values;
      merged.metadata[key] = result.metadata;
    } else {
      merged.values[key] = value;
      merged.metadata[key] = mark(stamp);
    }
  }
  return merged;
}

function mark(stamp: Stamp): Metadata {
  return stamp.version === undefined
    ? { $lastUpdated: stamp.at }
    : { $lastUpdated: stamp.at, $lastUpdatedVersion: stamp.version };
}

function isMetadata(value: Metadata | string | number | undefined): value is Metadata {
  return typeof value === "object";
}

/** What the device sees of a section. */
export function deviceView({ values, version }: Properties): JsonObject {
  return { ...values, $version: version };
}

/** What the service sees of a section. */
export function serviceView({ values, metadata, version }: Properties): { [key: string]: Json | Metadata } {
  return { ...values, $metadata: metadata, $version: version };
}
