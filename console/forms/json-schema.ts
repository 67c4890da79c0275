// As much of JSON Schema as the API describes its bodies with, and what a form needs to know of it.

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly examples?: readonly unknown[];
  readonly format?: string;
  readonly contentMediaType?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly maxLength?: number;
  readonly readOnly?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

export type Schemas = Readonly<Record<string, JsonSchema>>;
export type Fields = Readonly<Record<string, unknown>>;

/** In place of a secret that nobody may read; sent back, it keeps what is there. */
export const HIDDEN = "…";

export function resolved(schema: JsonSchema, schemas: Schemas): JsonSchema {
  const name = schema.$ref?.split("/").at(-1);
  const found = name === undefined ? undefined : schemas[name];
  return found === undefined ? schema : { ...resolved(found, schemas), ...titleAndMore(schema) };
}

const titleAndMore = ({ $ref: _, ...more }: JsonSchema): JsonSchema => more;

/** What a field shows: the first that fits. */
export type Shape =
  | { readonly kind: "hidden" }
  | { readonly kind: "switch" }
  | { readonly kind: "number"; readonly isWhole: boolean }
  | { readonly kind: "choice"; readonly options: readonly string[] }
  | { readonly kind: "text"; readonly mayBeSecret: boolean; readonly mayBeNull: boolean }
  | { readonly kind: "texts"; readonly options: readonly string[] }
  | { readonly kind: "list"; readonly items: JsonSchema }
  | { readonly kind: "group" }
  | { readonly kind: "mapping"; readonly values: JsonSchema }
  | { readonly kind: "variants"; readonly variants: readonly JsonSchema[] }
  | { readonly kind: "json" };

export function shapeOf(schema: JsonSchema, schemas: Schemas): Shape {
  const { type, properties, additionalProperties } = schema;
  if (schema.readOnly || schema.const !== undefined) return { kind: "hidden" };
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives !== undefined) return shapeOfAny(alternatives.map((one) => resolved(one, schemas)));
  if (schema.enum !== undefined) return { kind: "choice", options: schema.enum };
  if (type === "string") return { kind: "text", mayBeSecret: false, mayBeNull: false };
  if (type === "boolean") return { kind: "switch" };
  if (type === "integer" || type === "number") return { kind: "number", isWhole: type === "integer" };
  if (type === "array") return shapeOfList(resolved(schema.items ?? {}, schemas));
  if (properties !== undefined) return { kind: "group" };
  if (typeof additionalProperties === "object") return { kind: "mapping", values: additionalProperties };
  return { kind: "json" };
}

/** A secret is a text, the sign that keeps it, and perhaps null: for who fills it in, one text. */
function shapeOfAny(alternatives: readonly JsonSchema[]): Shape {
  const isPlain = ({ type }: JsonSchema): boolean => type === "string" || type === "null";
  if (!alternatives.every(isPlain)) return { kind: "variants", variants: alternatives };
  return {
    kind: "text",
    mayBeSecret: alternatives.some((one) => one.const === HIDDEN),
    mayBeNull: alternatives.some(({ type }) => type === "null"),
  };
}

function shapeOfList(items: JsonSchema): Shape {
  if (items.type !== "string") return { kind: "list", items };
  return { kind: "texts", options: (items.examples ?? []).map(String) };
}

/** In which of several shapes a value stands; -1 where it is in none, or there is none. */
export function variantOf(value: unknown, variants: readonly JsonSchema[]): number {
  if (value === undefined) return -1;
  return variants.findIndex(({ type, properties = {}, required = [] }) => {
    if (type === "string") return typeof value === "string";
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const fields = value as Fields;
    const isOfType = Object.entries(properties).every(
      ([name, one]) => one.const === undefined || one.const === fields[name],
    );
    return isOfType && required.every((name) => name in fields);
  });
}

/** What stands in a field that was just added: what has to be there, empty. */
export function initialOf(schema: JsonSchema, schemas: Schemas, before?: unknown): unknown {
  const { properties, required = [] } = schema;
  if (schema.const !== undefined) return schema.const;
  const shape = shapeOf(schema, schemas);
  switch (shape.kind) {
    case "group": {
      const kept = Object.entries((before ?? {}) as Fields).filter(
        ([name]) => properties?.[name] !== undefined && properties[name].const === undefined,
      );
      const needed = required.map((name) => [
        name,
        initialOf(resolved(properties?.[name] ?? {}, schemas), schemas),
      ]);
      return { ...Object.fromEntries(needed), ...Object.fromEntries(kept) };
    }
    case "mapping":
      return {};
    case "list":
    case "texts":
      return [];
    case "variants":
      return initialOf(resolved(shape.variants[0] ?? {}, schemas), schemas);
    case "choice":
      return schema.default ?? shape.options[0];
    case "switch":
      return schema.default ?? false;
    case "number":
      return schema.default;
    case "text":
    case "json":
    case "hidden":
      return schema.default ?? "";
  }
}

const UNITS: Readonly<Record<string, string>> = { ms: "ms", hours: "hours" };

/** As the schema says it, else the field's name as words: "max_attempts" as "Max attempts", "open_ms" as "Open (ms)". */
export function titleOf(name: string, { title }: JsonSchema): string {
  if (title !== undefined) return title;
  const words = name.split("_");
  const unit = words.length > 1 ? UNITS[words.at(-1) ?? ""] : undefined;
  const text = (unit === undefined ? words : words.slice(0, -1)).join(" ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${unit === undefined ? "" : ` (${unit})`}`;
}

/** What a short field would cut off, such as a URL. */
export const isLong = (schema: JsonSchema): boolean =>
  schema.format === "uri" ||
  (schema.maxLength ?? 0) >= LONG ||
  (schema.anyOf ?? []).some((one) => one.format === "uri");
const LONG = 200;

const without = (fields: Fields, name: string): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([one]) => one !== name));

/** Undefined takes the field away. */
export const withField = (fields: Fields, name: string, value: unknown): Fields =>
  value === undefined ? without(fields, name) : { ...fields, [name]: value };

/** A value of any type in one field: a text as it is, unless it would be read as something else. */
export function asText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string" && fromText(value) === value) return value;
  return JSON.stringify(value);
}

export function fromText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
