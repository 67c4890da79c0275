// What NATS_URL says: which servers, as whom, and whether over TLS alone.

export interface NatsAddress {
  readonly servers: readonly string[];
  readonly login?: { readonly user: string; readonly pass: string } | { readonly token: string };
  /** Asked for by the scheme: a server that offers no TLS is then not spoken to. */
  readonly tls: boolean;
}

const SCHEME = /^(nats|tls):\/\//;
/** Scheme and user may be repeated for each server, as NATS' own tools allow. */
const SERVER = /^(?:(nats|tls):\/\/)?(?:([^@/]+)@)?((?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?)\/?$/;

/** Throws where it is none. No message of it repeats what was given. */
export function parseNatsUrl(url: string): NatsAddress {
  if (!SCHEME.test(url)) throw new Error("a NATS address begins with nats:// or tls://");
  const parts = url.split(",").map((one) => SERVER.exec(one.trim()) ?? refuse());
  const schemes = new Set(parts.flatMap(([, scheme]) => scheme ?? []));
  const logins = new Set(parts.flatMap(([, , login]) => login ?? []));
  if (schemes.size > 1) throw new Error("all servers of a NATS address are reached in the same way");
  if (logins.size > 1) throw new Error("all servers of a NATS address know the same user");
  const [login] = logins;
  return {
    servers: parts.map(([, , , server]) => server ?? ""),
    tls: schemes.has("tls"),
    ...(login !== undefined && { login: parseLogin(login) }),
  };
}

/** A name without a password is a token, as NATS' own tools have it. */
function parseLogin(text: string): NonNullable<NatsAddress["login"]> {
  const colon = text.indexOf(":");
  if (colon < 0) return { token: decodeURIComponent(text) };
  return { user: decodeURIComponent(text.slice(0, colon)), pass: decodeURIComponent(text.slice(colon + 1)) };
}

function refuse(): never {
  throw new Error("a NATS address names its servers as host or host:port, with commas between them");
}
