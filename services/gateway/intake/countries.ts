// From what people write for a country to its ISO 3166-1 alpha-2 code.
import { alpha2ToAlpha3, alpha3ToAlpha2, getNames, registerLocale } from "i18n-iso-countries/index.js";
import english from "i18n-iso-countries/langs/en.json" with { type: "json" };
import { type CountryCode, getCountries, isSupportedCountry } from "libphonenumber-js";

/** Names that neither ISO 3166 nor CLDR has, or has any more. */
const OTHER_NAMES: Readonly<Partial<Record<CountryCode, readonly string[]>>> = {
  BO: ["Bolivia, Plurinational State of"],
  CD: ["Congo, the Democratic Republic of the"],
  CG: ["Congo"],
  CV: ["Cabo Verde"],
  GB: ["England", "Scotland", "Wales", "Northern Ireland"],
  IE: ["Republic of Ireland"],
  IR: ["Iran, Islamic Republic of"],
  KP: ["Korea, Democratic People's Republic of"],
  KR: ["Korea"],
  MK: ["Macedonia"],
  MM: ["Burma"],
  MO: ["Macau"],
  NL: ["Holland"],
  PS: ["Palestine, State of"],
  SZ: ["Swaziland"],
  TL: ["East Timor"],
  TZ: ["Tanzania, United Republic of"],
  US: ["America"],
  VE: ["Venezuela, Bolivarian Republic of"],
  VN: ["Viet Nam"],
};

registerLocale(english);
const isoNames = getNames("en", { select: "all" });
const cldrNames = new Intl.DisplayNames("en", { type: "region" });
const shortNames = new Intl.DisplayNames("en", { type: "region", style: "short" });

const byName = new Map(
  getCountries().flatMap((code) =>
    [isoNames[code] ?? [], cldrNames.of(code), shortNames.of(code)]
      .flat()
      .map((name) => [folded(name ?? code), code] as const),
  ),
);
// "Congo" alone, which two countries are called, is the one of them that this list says.
for (const [code, names] of Object.entries(OTHER_NAMES))
  for (const name of names) byName.set(folded(name), code as CountryCode);

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

/** Whether it is one of ISO 3166-1 alpha-2, as it is written there. */
export const isCountryCode = (text: string): boolean =>
  /^[A-Z]{2}$/.test(text) && alpha2ToAlpha3(text) !== undefined;

/** Undefined when the text names no country. */
export function countryCode(text: string): CountryCode | undefined {
  const upper = text.trim().toUpperCase();
  const alpha2 = alpha3ToAlpha2(upper) ?? upper;
  return isSupportedCountry(alpha2) ? alpha2 : byName.get(folded(text));
}
