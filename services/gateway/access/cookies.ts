// The one cookie of a session: no script reads it, no other site sends it along with what changes something.
import { stringifySetCookie } from "cookie";
import type { FastifyReply } from "fastify";
import { SESSION_COOKIE } from "./identify.ts";
import { SESSION_MS } from "./sessions.ts";

interface CookieOptions {
  readonly name?: string;
  readonly maxAgeS?: number;
  readonly path?: string;
}

/** An empty value takes it away. */
export function setCookie(
  reply: FastifyReply,
  value: string,
  { name = SESSION_COOKIE, maxAgeS = SESSION_MS / 1_000, path = "/" }: CookieOptions = {},
): void {
  const secure = reply.request.protocol === "https";
  const maxAge = value === "" ? 0 : maxAgeS;
  reply.header(
    "set-cookie",
    stringifySetCookie({ name, value, maxAge, path, httpOnly: true, sameSite: "lax", secure }),
  );
}
