// Where a partner may be: not inside our own network, unless this yard is allowed to call itself.
import { lookup } from "node:dns/promises";
import { isPrivateAddress } from "#platform/private-addresses.ts";
import type { InputError } from "../refusal.ts";

const LOOKUP_MS = 2_000;

/** A name that can't be resolved now may be one later; what it then is, is checked again when it is called. */
export async function urlError(url: string, allowPrivate: boolean): Promise<InputError | undefined> {
  const { hostname, username, password } = new URL(url);
  if (username !== "" || password !== "") {
    return { path: "delivery.url", message: "must not have a user or password in it" };
  }
  if (allowPrivate) return undefined;
  const addresses = await addressesOf(hostname);
  if (!addresses.some(isPrivateAddress)) return undefined;
  return { path: "delivery.url", message: "leads to a private address, which is not allowed here" };
}

async function addressesOf(hostname: string): Promise<string[]> {
  const bounded = new Promise<[]>((resolve) => setTimeout(resolve, LOOKUP_MS, []).unref());
  const found = lookup(hostname.replace(/^\[|\]$/g, ""), { all: true }).catch(() => []);
  return (await Promise.race([found, bounded])).map(({ address }) => address);
}
