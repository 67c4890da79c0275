// One column of many rows as PostgreSQL reads an array. The driver can do the same, through two regular expressions for each value: in a
// profile of allocations that was the largest source of garbage.

export type PostgresType =
  | "uuid"
  | "text"
  | "int"
  | "bigint"
  | "double precision"
  | "numeric"
  | "boolean"
  | "timestamptz"
  | "bytea"
  | "json";

/** What these types are written as needs no quotes. */
const isBare: Readonly<Record<PostgresType, boolean>> = {
  uuid: true,
  int: true,
  bigint: true,
  "double precision": true,
  numeric: true,
  boolean: true,
  timestamptz: true,
  bytea: false,
  text: false,
  json: false,
};

/** The text of an array of this type. What is undefined becomes null. */
export function columnOf(values: readonly unknown[], type: PostgresType): string {
  let text = "";
  for (const value of values) text += text === "" ? element(value, type) : `,${element(value, type)}`;
  return `{${text}}`;
}

function element(value: unknown, type: PostgresType): string {
  if (value === undefined || value === null) return "NULL";
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Buffer) return `"\\\\x${value.toString("hex")}"`;
  if (isBare[type]) return String(value);
  return quoted(type === "json" ? JSON.stringify(value) : storable(String(value)));
}

const SPECIAL = /["\\]/;
const ALL_SPECIAL = /["\\]/g;

const quoted = (text: string): string =>
  SPECIAL.test(text) ? `"${text.replace(ALL_SPECIAL, "\\$&")}"` : `"${text}"`;

/** PostgreSQL takes every character but this one. */
const storable = (text: string): string => (text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text);
