// GET /api/audit: who changed what.
import { z } from "zod";
import { auditedTypes, PASSED_ON } from "#projections/audit/change.ts";
import type { AuditQueries } from "#projections/audit/query.ts";
import { moment } from "../http/moment.ts";
import { describeScope, Position, type Routes, responseSchemas } from "../http/route-schema.ts";
import { reportPosition } from "../reading/report-position.ts";

const configuration = z.record(z.string(), z.unknown());
export const AuditItem = z
  .object({
    position: Position,
    at: z.iso.datetime(),
    by: z.string(),
    type: z.string(),
    about: z.string().meta({ description: "What was changed", examples: ["partner edu", "ruleset"] }),
    before: configuration.optional().meta({ description: "What was configured; secrets are …" }),
    after: configuration.optional(),
    reason: z.string().optional(),
  })
  .register(responseSchemas, { id: "AuditItem" });
const Audit = z
  .object({ items: z.array(AuditItem), next_cursor: z.string().optional() })
  .register(responseSchemas, { id: "Audit" });

const AuditFilter = z.object({
  by: z.string().max(200).optional(),
  about: z
    .string()
    .max(400)
    .optional()
    .meta({ description: "What was changed, exactly as an item has it", examples: ["partner edu"] }),
  type: z
    .enum(auditedTypes as [string, ...string[]])
    .optional()
    .meta({
      description: `The type of the event; ${PASSED_ON} is listed only where it is asked for here`,
    }),
  from: moment.optional().meta({ description: "Made then or later" }),
  to: moment.optional().meta({ description: "Made before then" }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export function auditRoutes(queries: AuditQueries): Routes {
  return async (app) => {
    describeScope(app, () => ({ tags: ["Operations"] }));
    reportPosition(app, queries);

    app.get(
      "/api/audit",
      {
        schema: {
          summary: "Every change that a person or a token made, the newest first",
          querystring: AuditFilter,
          response: { 200: Audit },
        },
      },
      (request) => queries.list(request.query),
    );
  };
}
