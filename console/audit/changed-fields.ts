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

export interface ChangedRule {
  readonly name: string;
  readonly change: "added" | "changed" | "removed" | "moved";
}

/** What a change of the rules did to each of them; one that only moved stands there by its id alone. */
export function changedRules(before: Fields | undefined, after: Fields | undefined): ChangedRule[] {
  const [was, is] = [rulesIn(before), rulesIn(after)];
  const moved: readonly unknown[] = Array.isArray(after?.moved) ? after.moved : [];
  return [
    ...Array.from(is, ([id, { name }]) => ({ name, change: was.has(id) ? "changed" : "added" }) as const),
    ...[...was.values()].flatMap(({ id, name }) =>
      is.has(id) ? [] : [{ name, change: "removed" as const }],
    ),
    ...moved.map((id) => ({ name: String(id), change: "moved" as const })),
  ];
}

type NamedRule = Fields & { readonly id: string; readonly name: string };

function rulesIn(fields: Fields | undefined): Map<string, NamedRule> {
  const rules: readonly (Fields & { readonly id: string })[] = isKeyed(fields?.rules) ? fields.rules : [];
  return new Map(rules.map((rule) => [rule.id, { ...rule, name: String(rule.name ?? rule.id) }]));
}

const MAX_NAMED = 4;

/** Which rules were changed, and how: "Education changed, Rest added, and 2 more". */
export function rulesInWords(rules: readonly ChangedRule[]): string {
  const named = rules.slice(0, MAX_NAMED).map(({ name, change }) => `${name} ${change}`);
  const more = rules.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
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
