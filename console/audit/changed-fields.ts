// What differs between two configurations, field by field.

export interface ChangedField {
  readonly path: string;
  readonly was?: string;
  readonly is?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** A nested object is looked into; anything else is compared as a whole. */
export function changedFields(before: Fields | undefined, after: Fields | undefined): ChangedField[] {
  const [was, is] = [flat(before ?? {}), flat(after ?? {})];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((path) => was.get(path) !== is.get(path))
    .map((path) => {
      const [one, other] = [was.get(path), is.get(path)];
      return { path, ...(one !== undefined && { was: one }), ...(other !== undefined && { is: other }) };
    });
}

function flat(fields: Fields, prefix = "", into = new Map<string, string>()): Map<string, string> {
  for (const [name, value] of Object.entries(fields)) {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      flat(value as Fields, path, into);
    else if (isKeyed(value)) for (const one of value) flat({ [String(one.id)]: one }, path, into);
    else into.set(path, typeof value === "string" ? value : JSON.stringify(value));
  }
  return into;
}

/** A list such as the rules, whose items are known by their ids wherever they stand. */
const isKeyed = (value: unknown): value is readonly (Fields & { readonly id: string })[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((one) => typeof one === "object" && one !== null && typeof one.id === "string");
