import { z } from "zod";
import type { ConfigError } from "./config-errors.ts";
import { Delivery } from "./delivery-config.ts";
import { errorsOf, type OpenedDelivery } from "./stored-delivery.ts";

// What of a partner's delivery nobody may read, wherever it is shown: the configuration, a timeline, a log.

export const HIDDEN = "…";

/** These are credentials whatever anybody says about them. */
const ALWAYS_SECRET = ["authorization", "proxy-authorization", "cookie"];

export function isSecretHeader(
  name: string,
  { secret_headers = [] }: { readonly secret_headers?: readonly string[] | undefined },
): boolean {
  return [...ALWAYS_SECRET, ...secret_headers].some((one) => one.toLowerCase() === name.toLowerCase());
}

/** As it is shown to who may configure it. */
export function withoutSecrets(delivery: Delivery): Delivery {
  const { headers, secret } = delivery;
  return {
    ...delivery,
    ...(headers && {
      headers: mapped(headers, (value, name) => (isSecretHeader(name, delivery) ? HIDDEN : value)),
    }),
    ...(secret !== undefined && { secret: HIDDEN }),
  };
}

/** As it is sent by who configures it: `"…"` keeps what is there. Null says that deliveries are to be signed no longer. */
export interface DeliveryChange extends Omit<Delivery, "secret"> {
  readonly secret?: string | null | undefined;
}

/** What may be kept, also of a delivery that can't be used. */
const Kept = z.object({
  headers: z.record(z.string(), z.string()).optional().catch(undefined),
  secret_headers: z.array(z.string()).optional().catch(undefined),
  secret: z.string().optional().catch(undefined),
});
type Kept = z.infer<typeof Kept>;

/** The delivery with what is to be kept put in its place, and what can't be kept. */
export function withKeptSecrets(
  { secret: given, ...change }: DeliveryChange,
  opened: OpenedDelivery,
): { readonly delivery: Delivery; readonly errors: readonly ConfigError[] } {
  const errors: ConfigError[] = [];
  const before: Kept | undefined = Kept.safeParse(opened.usable ? opened.delivery : opened.found).data;
  const keptHeader = (value: string, name: string): string => {
    if (value !== HIDDEN) return value;
    const kept = before && isSecretHeader(name, before) ? headerOf(before, name) : undefined;
    const path = `delivery.headers.${name}`;
    if (kept === undefined) errors.push({ path, message: NOTHING_TO_KEEP });
    // Else naming it no longer would be a way to read it.
    else if (!isSecretHeader(name, change))
      errors.push({ path, message: "is kept only while it is a secret header" });
    return kept ?? "";
  };
  const headers = change.headers && mapped(change.headers, keptHeader);
  const isKept = given === undefined || given === HIDDEN;
  const secret = isKept ? before?.secret : (given ?? undefined);
  if (given === HIDDEN && secret === undefined)
    errors.push({ path: "delivery.secret", message: NOTHING_TO_KEEP });
  const delivery = { ...change, ...(headers && { headers }), ...(secret !== undefined && { secret }) };
  // What was stored before anybody checked is no better for being kept.
  const checked = errors.length > 0 ? undefined : Delivery.safeParse(delivery).error;
  return { delivery, errors: checked === undefined ? errors : errorsOf(checked) };
}

const NOTHING_TO_KEEP = `is ${HIDDEN}, and there is nothing to keep: give its value`;

function headerOf({ headers = {} }: Kept, name: string): string | undefined {
  return Object.entries(headers).find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1];
}

const mapped = (
  headers: Readonly<Record<string, string>>,
  change: (value: string, name: string) => string,
): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, change(value, name)]));

/** Shorter ones would be found in what has nothing to do with them. */
const MIN_HIDDEN_LENGTH = 6;

/** Replaces the delivery's secrets wherever they stand in a text, such as in what a partner sends back. */
export function hideSecrets(delivery: Delivery): (text: string) => string {
  const { headers = {}, secret } = delivery;
  const values = Object.entries(headers).flatMap(([name, value]) =>
    // What follows the name of a scheme is as secret without it.
    isSecretHeader(name, delivery) ? [value, value.slice(value.indexOf(" ") + 1)] : [],
  );
  if (secret !== undefined) values.push(secret);
  for (const [, value] of secretParameters(delivery.url)) values.push(value);
  const hidden = values.filter((value) => value.length >= MIN_HIDDEN_LENGTH);
  // The longest first, so that none is left in part.
  hidden.sort((a, b) => b.length - a.length);
  return (text) => hidden.reduce((sum, value) => sum.replaceAll(value, HIDDEN), text);
}

/** A name that speaks of a credential. */
export const CREDENTIAL = /auth|cookie|token|secret|signature|password|passwd|^sig$|key$/i;

const secretParameters = (url: string): [string, string][] =>
  [...new URL(url).searchParams].filter(([name]) => CREDENTIAL.test(name));

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
