// What the API gives about sources, people, changes and the system itself, by the very schemas that it answers with.
import type {} from "@fastify/swagger";
import type { z } from "zod";
import type { OwnSessions } from "../../services/gateway/access/own-routes.ts";
import type { ShownLink, ShownToken, ShownUser } from "../../services/gateway/access/user-routes.ts";
import type { AuditItem as AuditItemSchema } from "../../services/gateway/admin/audit.ts";
import type { Identity } from "../../services/gateway/admin/identities.ts";
import type { Projection as ProjectionSchema } from "../../services/gateway/admin/projections.ts";
import type { Source as SourceSchema } from "../../services/gateway/admin/sources.ts";
import type { Plain } from "./shapes.ts";

export type Source = Plain<z.infer<typeof SourceSchema>>;
export type Person = Plain<z.infer<typeof Identity>>;
export type AuditItem = Plain<z.infer<typeof AuditItemSchema>>;
export type Projection = Plain<z.infer<typeof ProjectionSchema>>;
export type User = Plain<z.infer<typeof ShownUser>>;
export type SetUpLink = Plain<z.infer<typeof ShownLink>>;
export type Token = Plain<z.infer<typeof ShownToken>>;
export type OwnSession = Plain<z.infer<typeof OwnSessions>>["items"][number];

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor?: string;
}
