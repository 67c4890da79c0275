// Who makes a request, when it is no source: a person with a session, a program with a token, or whoever has the admin token.
import type { FastifyRequest } from "fastify";
import type { Role } from "#domain/access/role.ts";

export interface Person {
  readonly is: "person";
  readonly kind: "user" | "token" | "admin";
  /** Of the user or the token. */
  readonly id?: string;
  readonly name: string;
  /** As events say it. */
  readonly by: string;
  readonly role: Role;
  readonly session?: Session;
}

export interface Session {
  readonly id: string;
  readonly expires_at: Date;
  /** When it ends unless something is asked before. */
  readonly idle_at: Date;
}

export const adminPerson = (session?: Session): Person => ({
  is: "person",
  kind: "admin",
  name: "admin",
  by: "admin",
  role: "admin",
  ...(session && { session }),
});

export const tokenPerson = (
  { id, name, role }: { readonly id: string; readonly name: string; readonly role: Role },
  session?: Session,
): Person => ({
  is: "person",
  kind: "token",
  id,
  name,
  by: `token:${name}`,
  role,
  ...(session && { session }),
});

export const userPerson = (
  { id, name, role }: { readonly id: string; readonly name: string; readonly role: Role },
  session?: Session,
): Person => ({ is: "person", kind: "user", id, name, by: name, role, ...(session && { session }) });

const persons = new WeakMap<FastifyRequest, Person>();

export const setPerson = (request: FastifyRequest, person: Person): void => void persons.set(request, person);

/** Undefined where a source asks. */
export const personIn = (request: FastifyRequest): Person | undefined => persons.get(request);

export function personOf(request: FastifyRequest): Person {
  const found = persons.get(request);
  if (found === undefined) throw new Error("nobody was identified for this route");
  return found;
}

/** Who is said to have caused what the request causes. */
export const byOf = (request: FastifyRequest): string => personOf(request).by;
