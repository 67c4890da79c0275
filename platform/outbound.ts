// Where a partner may be: not at a private address, unless that is allowed. Looked at where a name is resolved for the very connection
// that is then made, so a name that changes its mind between check and call gains nothing.
import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { isPrivateAddress } from "./private-addresses.ts";

export class PrivateAddress extends Error {
  override name = "PrivateAddress";
  readonly code = "PRIVATE_ADDRESS_REFUSED";
}

/** An address that stands in the configuration is never looked up. `hostname` as a URL has it. */
export function isRefusedHost(hostname: string, allowPrivate: boolean): boolean {
  const host = bareHost(hostname);
  return !allowPrivate && isIP(host) !== 0 && isPrivateAddress(host);
}

export const bareHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

/** Fails where any of the addresses is private. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    if (addresses.length === 0 || addresses.some(({ address }) => isPrivateAddress(address)))
      return callback(new PrivateAddress("the name leads to a private address"), []);
    if (options.all) return callback(null, addresses);
    const [first] = addresses;
    callback(null, first?.address ?? "", first?.family);
  });
};
