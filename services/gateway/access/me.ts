// Who asks, as they are told themselves.
import { z } from "zod";
import { Role } from "#domain/access/role.ts";
import { responseSchemas } from "../http/route-schema.ts";
import { may, permissionsOf } from "./permissions.ts";
import type { Person } from "./person.ts";

const instant = z.iso.datetime();

export const Me = z
  .object({
    name: z.string(),
    kind: z.enum(["user", "token", "admin"]),
    role: Role,
    permissions: z.array(z.string()).meta({ description: "As docs/permissions.md names them" }),
    personal_data: z.enum(["shown", "on_request", "masked"]),
    session: z
      .object({ expires_at: instant, idle_at: instant })
      .optional()
      .meta({ description: "`idle_at`: when it ends unless something is asked before" }),
  })
  .register(responseSchemas, { id: "Me" });

export function shownPerson({ name, kind, role, session }: Person): z.infer<typeof Me> {
  const isShown = may(role, "personal_data.read");
  return {
    name,
    kind,
    role,
    permissions: permissionsOf(role),
    personal_data: isShown ? "shown" : may(role, "personal_data.unmask") ? "on_request" : "masked",
    ...(session && {
      session: { expires_at: session.expires_at.toISOString(), idle_at: session.idle_at.toISOString() },
    }),
  };
}
