import type { Facts } from "../rules/evaluate.ts";
import { fillText } from "./template.ts";

// Addresses of e-mail, in the form that people write: `ann@shop.example` or `Ann <ann@shop.example>`, several separated by commas.
// A template is taken apart before it is filled in, so that nothing filled in can add an address, a header or a line.

export interface MailAddress {
  readonly name: string;
  readonly address: string;
}

const LOCAL = /^[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64}$/u;
const HOST =
  /^(?=.{1,253}$)[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?)*$/u;
const NAMED = /^\s*"?([^"<>]*?)"?\s*<([^<>]*)>\s*$/;

export function isMailAddress(text: string): boolean {
  const at = text.lastIndexOf("@");
  // What begins with a dash may be read as an option by a server that hands it to a program.
  return at > 0 && !text.startsWith("-") && LOCAL.test(text.slice(0, at)) && HOST.test(text.slice(at + 1));
}

/** Not yet checked: each may be a template. */
export function splitAddresses(text: string): MailAddress[] {
  return text
    .split(",")
    .filter((one) => one.trim() !== "")
    .map((one) => {
      const [, name, address] = NAMED.exec(one) ?? [undefined, "", one];
      return { name: (name ?? "").trim(), address: (address ?? "").trim() };
    });
}

/** A place alone may become any address, one within an address any part of it. */
const TRIALS = ["a@host.example", "a"];

/** Why such addresses can't be written to, whatever is filled in. */
export function addressesError(text: string): string | undefined {
  const addresses = splitAddresses(text);
  if (addresses.length === 0) return "names nobody: use an address like ann@shop.example";
  const wrong = addresses.find(
    ({ address }) => !TRIALS.some((trial) => isMailAddress(address.replace(/\{\{[^}]*\}\}/g, trial))),
  );
  return wrong === undefined
    ? undefined
    : "is no list of addresses: use ann@shop.example or Ann <ann@shop.example>, separated by commas";
}

const MAX_FILLED = 10_000;
const MAX_NAME = 100;

/** What is blank is left out; the others are addresses, or it is told that one is none. */
export function fillAddresses(text: string, facts: Facts): readonly MailAddress[] | "invalid" {
  const filled = splitAddresses(text)
    .map(({ name, address }) => ({
      name: oneLine(fillText(name, facts, MAX_FILLED)).slice(0, MAX_NAME),
      address: fillText(address, facts, MAX_FILLED).trim(),
    }))
    .filter(({ address }) => address !== "");
  return filled.every(({ address }) => isMailAddress(address)) ? filled : "invalid";
}

/** Without line breaks and other characters that nobody sees. */
export const oneLine = (text: string): string => text.replace(/[\s\p{C}]+/gu, " ").trim();
