import { readFile } from "node:fs/promises";

/** As much of DTDL v2 as config/models/ uses (DTDL v2 language description, sections Interface to Object). */
export interface Model {
  "@context": string;
  "@id": string;
  "@type": "Interface";
  contents: Content[];
  schemas?: ComplexSchema[];
}

export interface Content {
  "@type": string | [string, string];
  name: string;
  schema?: Schema;
  unit?: string;
  writable?: boolean;
  request?: Named;
  response?: Named;
}

export interface Named {
  name: string;
  schema: Schema;
}

/** A primitive, the id of one of the model's schemas, or a schema in place. */
export type Schema = string | ComplexSchema;

export type ComplexSchema =
  | {
      "@type": "Enum";
      "@id"?: string;
      valueSchema: string;
      enumValues: { name: string; enumValue: unknown }[];
    }
  | { "@type": "Object"; "@id"?: string; fields: Named[] }
  | { "@type": "Array"; "@id"?: string; elementSchema: Schema };

/** The model that the agent announces. */
export async function readModel(): Promise<Model> {
  const file = new URL("../../../config/models/cavegateway-1.json", import.meta.url);
  return JSON.parse(await readFile(file, "utf8")) as Model;
}

/** What does not fit in a telemetry body. A message of ours carries all telemetry of the model, so none may be missing. */
export function checkTelemetry(model: Model, body: unknown): string[] {
  if (!isRecord(body)) return [`telemetry: ${show(body)} is no object`];
  const telemetry = contentsOf(model, "Telemetry");
  const missing = telemetry.filter(({ name }) => !Object.hasOwn(body, name));
  return [
    ...missing.map(({ name }) => `${name}: is missing`),
    ...checkKeys(body, "", telemetry, ({ schema }, value, path) => checkValue(model, schema, value, path)),
  ];
}

/**
 * What does not fit in reported properties: a whole section or a patch, with or without the hub's `$version` and
 * `$metadata`. A writable property is reported as its acknowledgement (IoT Plug and Play conventions, "writable
 * properties").
 */
export function checkReported(model: Model, reported: unknown): string[] {
  if (!isRecord(reported)) return [`reported: ${show(reported)} is no object`];
  const { $version: _version, $metadata: _metadata, ...properties } = reported;
  return checkKeys(properties, "", contentsOf(model, "Property"), (property, value, path) =>
    property.writable
      ? checkAcknowledgement(model, property.schema, value, path)
      : checkValue(model, property.schema, value, path),
  );
}

/** What does not fit in the answer to a command. DTDL knows no null: a null field counts as one that is not there. */
export function checkResponse(model: Model, command: string, payload: unknown): string[] {
  const found = contentsOf(model, "Command").find(({ name }) => name === command);
  if (!found) return [`${command}: is not a command of the model`];
  return checkValue(model, found.response?.schema, withoutNulls(payload), command);
}

export function contentsOf(model: Model, type: string): Content[] {
  return model.contents.filter((content) => [content["@type"]].flat().includes(type));
}

function checkAcknowledgement(
  model: Model,
  schema: Schema | undefined,
  value: unknown,
  path: string,
): string[] {
  if (!isRecord(value)) return [`${path}: ${show(value)} is no {value, ac, av, ad}`];
  const missing = ["value", "ac", "av"].filter((field) => !Object.hasOwn(value, field));
  const parts: Content[] = [
    { "@type": "Field", name: "value", ...(schema && { schema }) },
    { "@type": "Field", name: "ac", schema: "integer" },
    { "@type": "Field", name: "av", schema: "integer" },
    { "@type": "Field", name: "ad", schema: "string" },
  ];
  return [
    ...missing.map((field) => `${path}.${field}: is missing`),
    ...checkKeys(value, `${path}.`, parts, (part, item, at) => checkValue(model, part.schema, item, at)),
  ];
}

function checkKeys<Item extends { name: string }>(
  value: Record<string, unknown>,
  prefix: string,
  known: Item[],
  check: (item: Item, value: unknown, path: string) => string[],
): string[] {
  return Object.entries(value).flatMap(([key, field]) => {
    const item = known.find(({ name }) => name === key);
    return item ? check(item, field, `${prefix}${key}`) : [`${prefix}${key}: is not in the model`];
  });
}

function checkValue(model: Model, schema: Schema | undefined, value: unknown, path: string): string[] {
  if (schema === undefined) return value === undefined ? [] : [`${path}: the model gives no schema`];
  if (typeof schema === "string") {
    const isPrimitive = PRIMITIVES.get(schema);
    if (isPrimitive) return isPrimitive(value) ? [] : [`${path}: ${show(value)} is no ${schema}`];
    const named = model.schemas?.find((candidate) => candidate["@id"] === schema);
    return named ? checkValue(model, named, value, path) : [`${path}: the schema ${schema} is unknown`];
  }
  if (schema["@type"] === "Array") {
    const { elementSchema } = schema;
    if (!Array.isArray(value)) return [`${path}: ${show(value)} is no array`];
    return value.flatMap((item, index) => checkValue(model, elementSchema, item, `${path}[${index}]`));
  }
  if (schema["@type"] === "Enum") {
    const allowed = schema.enumValues.map(({ enumValue }) => enumValue);
    return allowed.includes(value) ? [] : [`${path}: ${show(value)} is none of ${allowed.join(", ")}`];
  }
  if (!isRecord(value)) return [`${path}: ${show(value)} is no object`];
  return checkKeys(value, `${path}.`, schema.fields, (field, item, at) =>
    checkValue(model, field.schema, item, at),
  );
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** The primitive schemas of DTDL v2 that the model uses; another one is a mistake until it is put here. */
export const PRIMITIVES: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["boolean", (value: unknown) => typeof value === "boolean"],
  ["string", (value: unknown) => typeof value === "string"],
  ["double", (value: unknown) => Number.isFinite(value)],
  ["integer", (value: unknown) => Number.isInteger(value) && Number(value) === (Number(value) | 0)],
  ["long", (value: unknown) => Number.isSafeInteger(value)],
  [
    "dateTime",
    (value: unknown) => typeof value === "string" && RFC_3339.test(value) && !Number.isNaN(Date.parse(value)),
  ],
]);

function withoutNulls(value: unknown): unknown {
  if (!isRecord(value)) return value;
  if (Array.isArray(value)) return value.map(withoutNulls);
  const kept = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(kept.map(([key, field]) => [key, withoutNulls(field)]));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
