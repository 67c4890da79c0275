// Where a partner's URL may lead: not to a private address, unless the configuration allows it.
import { lookup } from "node:dns/promises";
import { isPrivateAddress } from "#platform/private-addresses.ts";
import type { InputError } from "../refusal.ts";

const LOOKUP_MS = 2_000;

/** A name that can't be resolved now passes: its addresses are checked again with each call. */
export async function urlErrors(path: string, url: string, allowPrivate: boolean): Promise<InputError[]> {
  if (allowPrivate) return [];
  const { hostname } = new URL(url);
  const addresses = await addressesOf(hostname);
  if (!addresses.some(isPrivateAddress)) return [];
  return [{ path, message: "leads to a private address, which is not allowed here" }];
}

async function addressesOf(hostname: string): Promise<string[]> {
  const bounded = new Promise<[]>((resolve) => setTimeout(resolve, LOOKUP_MS, []).unref());
  const found = lookup(hostname.replace(/^\[|\]$/g, ""), { all: true }).catch(() => []);
  return (await Promise.race([found, bounded])).map(({ address }) => address);
}
