// What people write for a country, as its ISO 3166-1 alpha-2 code.
import { type CountryCode, getCountries, isSupportedCountry } from "libphonenumber-js";

const english = new Intl.DisplayNames("en", { type: "region" });

const byName = new Map<string, string>(
  getCountries().map((code) => [folded(english.of(code) ?? code), code] as const),
);
for (const [name, code] of [
  ["usa", "US"],
  ["united states of america", "US"],
  ["america", "US"],
  ["uk", "GB"],
  ["great britain", "GB"],
  ["england", "GB"],
  ["scotland", "GB"],
  ["wales", "GB"],
  ["uae", "AE"],
  ["korea", "KR"],
  ["czech republic", "CZ"],
  ["holland", "NL"],
  ["turkey", "TR"],
  ["ivory coast", "CI"],
] as const) {
  byName.set(name, code);
}

function folded(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[.,]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Undefined when nobody could say which country is meant. */
export function countryCode(text: string): CountryCode | undefined {
  const short = text.trim().toUpperCase();
  if (short.length === 2 && isSupportedCountry(short)) return short;
  return byName.get(folded(text)) as CountryCode | undefined;
}
