// What stands before every route that is not open to all: who asks, whether from this site, and whether their role allows it.
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, RouteOptions } from "fastify";
import { type Refusal, type RefusalReason, Refused, refusal } from "../refusal.ts";
import type { WhoAsks } from "./identify.ts";
import { may, type PermissionName, permissionFor, permissions } from "./permissions.ts";
import { type Person, setPerson } from "./person.ts";

/** How a person or a program shows who they are. */
export const BY_PERSON = [{ bearer: [] }, { session: [] }];

/** The permission that a route needs, as the table has it; all methods of a route need the same. */
export function permissionOf({ method, url }: Pick<RouteOptions, "method" | "url">): PermissionName {
  const [one = "GET"] = [method].flat();
  return permissionFor(one, url);
}

/** What the guard adds to the description of a route. */
export function describeGuard(route: RouteOptions): FastifySchema {
  const permission = permissionOf(route);
  return { permission, refusals: refusalsOf(route.method) };
}

function refusalsOf(method: RouteOptions["method"]): readonly RefusalReason[] {
  const changes = ![method].flat().every((one) => one === "GET" || one === "HEAD");
  return ["unauthorized", "forbidden", ...(changes ? (["cross_origin"] as const) : [])];
}

/** Throws Refused; undefined where nobody is named. */
export async function identified(request: FastifyRequest, identify: WhoAsks): Promise<Person | undefined> {
  const person = await identify(request.headers);
  if (person === undefined) return undefined;
  const isByCookie = request.headers.authorization === undefined;
  if (isByCookie && !isFromHere(request)) throw new Refused(refusal("cross_origin"));
  setPerson(request, person);
  return person;
}

export function demand(person: Person, needed: PermissionName): void {
  if (!may(person.role, needed)) throw new Refused(forbidden(person, needed));
}

/** Of the whole scope; `needed` is known once a route is declared. */
export function requirePermission(app: FastifyInstance, identify: WhoAsks): void {
  app.addHook("onRequest", async (request: FastifyRequest, _reply: FastifyReply) => {
    const person = await identified(request, identify);
    if (person === undefined) throw new Refused(refusal("unauthorized"));
    demand(person, neededFor(request));
  });
}

export function neededFor(request: FastifyRequest): PermissionName {
  const { method, url = "" } = request.routeOptions;
  return permissionOf({ method, url });
}

function forbidden({ role }: Pick<Person, "role">, needed: PermissionName): Refusal {
  const { allows, roles } = permissions[needed];
  const others =
    roles.length === 1 ? `only ${roles[0]} may` : `${roles.slice(0, -1).join(", ")} and ${roles.at(-1)} may`;
  return refusal("forbidden", {
    detail: `The role ${role} may not ${allows}: ${others}; ask an admin for one of these roles`,
    more: { permission: needed, roles: [...roles] },
  });
}

const isSafe = (method: string): boolean => method === "GET" || method === "HEAD";

/** A page of another site can send the cookie along, but can't say that it is this one. */
function isFromHere(request: FastifyRequest): boolean {
  if (isSafe(request.method)) return true;
  const site = request.headers["sec-fetch-site"];
  return site === undefined ? request.headers.origin === originOf(request) : site === "same-origin";
}

/** Whether the request says itself that another site sends it; what is no browser says nothing. */
export function isFromElsewhere(request: FastifyRequest): boolean {
  const { "sec-fetch-site": site, origin } = request.headers;
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  return origin !== undefined && origin !== originOf(request);
}

/** As the browser sees this server; behind a proxy that is trusted, as the proxy says. */
export const originOf = ({ protocol, host }: FastifyRequest): string => `${protocol}://${host}`;
