// What the descriptions of the intake's routes have in common.
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { describeScope } from "../http/route-schema.ts";
import type { RefusalReason } from "../refusal.ts";

export const SourceHeader = z.object({
  "x-source": z.string().meta({ description: "The id of the source that signs" }),
});

const attribute = z.string().optional();
export const IntakeHeaders = SourceHeader.extend({
  prefer: z
    .string()
    .optional()
    .meta({
      description: "`wait=N` (at most 30 s): answers 200 when the submission ends in time",
      examples: ["wait=10"],
    }),
  "ce-specversion": attribute.meta({
    description:
      "`1.0` makes the body the data of a CloudEvent in binary mode, with its attributes in `ce-…` headers",
  }),
  "ce-id": attribute,
  "ce-source": attribute,
  "ce-type": attribute.meta({ description: "The `type` of an event whose data has none" }),
  "ce-time": attribute,
});

/** Only describes: bodies stay bytes, and are checked after their signature. */
export function describeIntake(app: FastifyInstance, refusals: readonly RefusalReason[]): void {
  app.setValidatorCompiler(() => () => true);
  describeScope(app, () => ({ tags: ["Intake"], security: [{ source: [] }], refusals }));
}
