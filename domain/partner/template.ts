import { type Facts, valueAt } from "../rules/evaluate.ts";

// A mapping of templates: texts with places `{{path}}`, filled in from a submission.

const PLACE = /\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}/g;
const ONLY_A_PLACE = /^\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}$/;

/** Characters of what is filled into one message: eight times what the largest submission has. */
export const MAX_FILLED = 2 * 1024 * 1024;

/** What is filled in has grown beyond what anybody would take. */
export class TemplateTooLarge extends Error {
  override name = "TemplateTooLarge";
}

/**
 * `"{{path}}"` alone keeps the value's type, within a text it becomes text. Throws TemplateTooLarge where more than `maxLength`
 * characters are filled in: a few places for a long text make any length.
 */
export function fill(template: unknown, facts: Facts, maxLength: number): unknown {
  const value = boundedValues(facts, maxLength);
  function filled(one: unknown): unknown {
    if (typeof one === "string") {
      const only = ONLY_A_PLACE.exec(one)?.[1];
      return only === undefined ? filledText(one, value) : value(only);
    }
    if (Array.isArray(one)) return one.map((inner) => filled(inner) ?? null);
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([name, inner]) => [name, filled(inner)]));
  }
  return filled(template);
}

/** Of a template that is a text. `escaped` is applied to what is filled in, not to the template. */
export function fillText(
  template: string,
  facts: Facts,
  maxLength: number,
  escaped: (text: string) => string = (text) => text,
): string {
  return filledText(template, boundedValues(facts, maxLength), escaped);
}

type Values = (path: string) => unknown;

function boundedValues(facts: Facts, maxLength: number): Values {
  let left = maxLength;
  const lengths = new Map<string, number>();
  return (path) => {
    const found = valueAt(facts, path);
    const length = lengths.get(path) ?? asText(found).length;
    lengths.set(path, length);
    left -= length;
    if (left < 0) throw new TemplateTooLarge();
    return found;
  };
}

function filledText(text: string, value: Values, escaped = (one: string): string => one): string {
  return text.replace(PLACE, (_place, path: string) => escaped(asText(value(path))));
}

export function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Why this text is no template; undefined where it is one. */
export function templateError(text: string): string | undefined {
  return text.replace(PLACE, "").includes("{{") ? "has a {{ that begins no place: write {{path}}" : undefined;
}

/** What a campaign has written itself, in the place of a partner's own texts. */
export function writtenIn({ template }: { readonly template?: Facts | undefined }): {
  readonly subject?: string;
  readonly text?: string;
} {
  const { subject, text } = template ?? {};
  return {
    ...(typeof subject === "string" && { subject }),
    ...(typeof text === "string" && { text }),
  };
}
