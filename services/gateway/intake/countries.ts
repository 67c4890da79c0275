// What people write for a country, as its ISO 3166-1 alpha-2 code.
import { type CountryCode, getCountries, isSupportedCountry } from "libphonenumber-js";
import { alpha3, otherNames } from "./country-names.ts";

const english = new Intl.DisplayNames("en", { type: "region" });

const byName = new Map<string, string>([
  ...getCountries().map((code) => [folded(english.of(code) ?? code), code] as const),
  ...Object.entries(otherNames),
]);

function folded(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[.,]|\(.*\)/g, "")
    .replaceAll("’", "'")
    .replaceAll("&", "and")
    .replace(/^the /, "")
    .replace(/^st /, "saint ")
    .replace(/\s+/g, " ")
    .trim();
}

/** Undefined when nobody could say which country is meant. */
export function countryCode(text: string): CountryCode | undefined {
  const upper = text.trim().toUpperCase();
  const short = alpha3.get(upper) ?? upper;
  if (isSupportedCountry(short)) return short;
  return byName.get(folded(text)) as CountryCode | undefined;
}
