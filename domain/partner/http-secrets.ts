import { HIDDEN } from "./delivery-kind.ts";

// What of a delivery over HTTP is a credential, wherever it is shown: the configuration, a timeline, a log.

interface Secrets {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly secret_headers?: readonly string[] | undefined;
  readonly secret?: string | undefined;
}

/** These are credentials whatever anybody says about them. */
const ALWAYS_SECRET = ["authorization", "proxy-authorization", "cookie"];

export function isSecretHeader(
  name: string,
  { secret_headers = [] }: Pick<Secrets, "secret_headers">,
): boolean {
  return [...ALWAYS_SECRET, ...secret_headers].some((one) => one.toLowerCase() === name.toLowerCase());
}

/** A name that speaks of a credential. */
export const CREDENTIAL = /auth|cookie|token|secret|signature|password|passwd|^sig$|key$/i;

/** Shorter ones would be found in what has nothing to do with them. */
const MIN_HIDDEN_LENGTH = 6;

/** Replaces the delivery's secrets wherever they stand in a text, such as in what a partner sends back. */
export function hideSecrets(delivery: Secrets): (text: string) => string {
  const { url, headers = {}, secret } = delivery;
  const values = Object.entries(headers).flatMap(([name, value]) =>
    // What follows the name of a scheme is as secret without it.
    isSecretHeader(name, delivery) ? [value, value.slice(value.indexOf(" ") + 1)] : [],
  );
  if (secret !== undefined) values.push(secret);
  for (const [name, value] of new URL(url).searchParams) if (CREDENTIAL.test(name)) values.push(value);
  const hidden = values.filter((value) => value.length >= MIN_HIDDEN_LENGTH);
  // The longest first, so that none is left in part.
  hidden.sort((a, b) => b.length - a.length);
  return (text) => hidden.reduce((sum, value) => sum.replaceAll(value, HIDDEN), text);
}

/** The URL as it is recorded: without a user, and without parameters whose names speak of credentials. */
export function withoutUrlSecrets(text: string): string {
  const { protocol, username, password, host, pathname, search } = new URL(text);
  const user = username + password === "" ? "" : `${HIDDEN}@`;
  const shown = search.replace(/([?&])([^=&]*)=([^&]*)/g, (parameter, before: string, name: string) =>
    CREDENTIAL.test(decoded(name)) ? `${before}${name}=${HIDDEN}` : parameter,
  );
  return `${protocol}//${user}${host}${pathname}${shown}`;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
