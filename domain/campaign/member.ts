import { fill, fillText, MAX_FILLED } from "../partner/template.ts";
import type { Facts } from "../rules/evaluate.ts";
import type { Normalised, Submission } from "../submission/submission.ts";
import { isWellFormed } from "../well-formed.ts";

// A member's own fields: how they are read, what rules and templates see of them, and what a partner is sent.

/** As somebody sent them, with the address in one form. */
export type MemberFields = Readonly<Record<string, unknown>> & { readonly email: string };

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

const EMAIL = /^[^\p{C}\s@"(),:;<>[\]\\]{1,64}@[^\p{C}\s@"(),:;<>[\]\\.]+(\.[^\p{C}\s@"(),:;<>[\]\\.]+)+$/u;
const MAX_EMAIL = 254;
export const MAX_MEMBER_BYTES = 16_384;

export function normalisedEmail(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const email = value
    .replace(/\p{Cf}/gu, "")
    .trim()
    .normalize("NFC")
    .toLowerCase();
  return email.length <= MAX_EMAIL && EMAIL.test(email) ? email : undefined;
}

/** The fields, or why they are those of nobody who could be written to. */
export function readMember(value: unknown): MemberFields | readonly FieldError[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return [{ path: "", message: "is no JSON object" }];
  const fields = value as Record<string, unknown>;
  const errors: FieldError[] = [];
  const email = normalisedEmail(fields.email);
  if (email === undefined)
    errors.push({
      path: "email",
      message: fields.email === undefined ? "is missing" : "is not an e-mail address",
    });
  for (const name of ["full_name", "first_name", "last_name", "phone", "country"] as const) {
    const one = fields[name];
    if (one === undefined || one === null) continue;
    if (typeof one !== "string") errors.push({ path: name, message: "must be a text" });
    else if (!isWellFormed(one))
      errors.push({ path: name, message: "has a NUL or half of a character in it" });
  }
  return email === undefined || errors.length > 0 ? errors : { ...fields, email };
}

export const isMember = (read: MemberFields | readonly FieldError[]): read is MemberFields =>
  !Array.isArray(read);

export interface MemberPlace {
  readonly campaign: string;
  readonly member_id: string;
  readonly sentiment?: string | undefined;
  readonly reply?: string | undefined;
}

/** What rules and templates can ask about; no field can pass for what the campaign knows itself. */
export function factsOfMember(fields: MemberFields, place: MemberPlace): Facts {
  const { sentiment: _, reply: __, ...own } = fields as Readonly<Record<string, unknown>>;
  const { campaign, member_id, sentiment, reply } = place;
  return {
    ...own,
    ...contactOf(fields),
    campaign,
    member_id,
    ...(sentiment !== undefined && { sentiment }),
    ...(reply !== undefined && { reply }),
  };
}

function contactOf({ email, phone, full_name, first_name, last_name }: MemberFields): Normalised {
  const name =
    textOf(full_name) ?? ([first_name, last_name].map(textOf).filter(Boolean).join(" ") || undefined);
  const number = textOf(phone);
  return {
    email,
    ...(number !== undefined && { phone: number }),
    ...(name !== undefined && { full_name: name }),
  };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;

/** The template of a send step, filled in; a text alone is the message's text. Throws TemplateTooLarge. */
function filledTemplate(template: unknown, facts: Facts): Readonly<Record<string, unknown>> {
  if (template === undefined) return {};
  if (typeof template === "string") return { text: fillText(template, facts, MAX_FILLED) };
  return fill(template, facts, MAX_FILLED) as Record<string, unknown>;
}

/** What the partner of a send gets, in the shape of a submission. */
export function messageTo(
  fields: MemberFields,
  facts: Facts,
  {
    template,
    step,
    source,
    received_at,
    key,
  }: {
    readonly template: unknown;
    readonly step: string;
    readonly source: Submission["source"];
    readonly received_at: string;
    readonly key: string;
  },
): Submission {
  const filled = filledTemplate(template, facts);
  return {
    kind: "lead",
    source,
    received_at,
    idempotency_key: key,
    payload: { ...facts, ...filled, step },
    normalised: contactOf(fields),
    template: filled,
  };
}

/** What a submit step hands in. */
export function submittedFields(fields: unknown, facts: Facts): Readonly<Record<string, unknown>> {
  const { campaign, member_id } = facts;
  const filled = fill(fields, facts, MAX_FILLED) as Record<string, unknown>;
  return { ...filled, campaign, member_id };
}
