// Contact fields as identity and rules need them. The payload itself stays as it came.
import { parsePhoneNumberFromString } from "libphonenumber-js";
import type { Normalised } from "#domain/submission/submission.ts";
import type { JsonObject } from "../http/json-body.ts";
import type { InputError } from "../refusal.ts";
import { countryCode } from "./countries.ts";

const EMAIL = /^[^\p{C}\s@"(),:;<>[\]\\]{1,64}@[^\p{C}\s@"(),:;<>[\]\\.]+(\.[^\p{C}\s@"(),:;<>[\]\\.]+)+$/u;
const MAX_EMAIL = 254;
const MAX_PHONE = 40;
/** Control and formatting characters: no part of a name, and two equal names would differ by them. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}]+/gu;

export interface Normalisation {
  readonly normalised: Normalised;
  readonly errors: readonly InputError[];
}

/** `defaultCountry`: a code, where a phone number is from whose payload has no country. */
export function normalise(payload: JsonObject, defaultCountry?: string): Normalisation {
  const errors: InputError[] = [];
  const normalised: { -readonly [Field in keyof Normalised]: Normalised[Field] } = {};

  const country = present(payload.country);
  const code = country === undefined ? undefined : countryCode(country);
  if (code !== undefined) normalised.country = code;
  const hint = country === undefined && defaultCountry !== undefined ? countryCode(defaultCountry) : code;

  const email = present(withoutMarks(payload.email))?.normalize("NFC").toLowerCase();
  if (email !== undefined) {
    if (email.length <= MAX_EMAIL && EMAIL.test(email)) normalised.email = email;
    else errors.push({ path: "email", message: "is not an e-mail address" });
  }

  const phone = present(withoutMarks(payload.phone))?.normalize("NFKC").replace(/^tel:/i, "");
  if (phone !== undefined) {
    const number =
      phone.length <= MAX_PHONE
        ? parsePhoneNumberFromString(phone, { ...(hint && { defaultCountry: hint }), extract: false })
        : undefined;
    if (number?.isPossible()) normalised.phone = number.number;
    else errors.push({ path: "phone", message: phoneMessage(phone, hint !== undefined) });
  }

  const name = fullName(payload);
  if (name !== undefined) normalised.full_name = name;
  return { normalised, errors };
}

function phoneMessage(phone: string, hinted: boolean): string {
  if (hinted || phone.startsWith("+")) return "is not a phone number";
  return "is not an international phone number; a national one needs its country";
}

/** Invisible marks that address books put around what is copied from them. */
function withoutMarks(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/\p{Cf}/gu, "") : value;
}

function present(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const trimmed = value.trim();
  return trimmed === "" ? undefined : trimmed;
}

function fullName(payload: JsonObject): string | undefined {
  const whole = tidy(payload.full_name);
  if (whole !== undefined) return whole;
  const [first, last] = [tidy(payload.first_name), tidy(payload.last_name)];
  return first === undefined || last === undefined ? undefined : `${first} ${last}`;
}

function tidy(value: unknown): string | undefined {
  return present(value)?.normalize("NFC").replace(INVISIBLE, " ").replace(/\s+/g, " ").trim() || undefined;
}
