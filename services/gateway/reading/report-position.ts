// Reads are eventually consistent: each response says how far into the log it reaches, and `?after=` waits until it reaches far enough.
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { asPosition } from "#projections/cursor.ts";
import { describeScope } from "../http/route-schema.ts";
import { Refused, refusal } from "../refusal.ts";

export interface Reach {
  position(): Promise<bigint>;
  reached(position: bigint, timeoutMs: number): Promise<boolean>;
}

const WAIT_MS = 5_000;

const After = z.object({
  after: z
    .string()
    .transform((text, context) => {
      const position = asPosition(text);
      if (position === undefined)
        context.addIssue({ code: "custom", message: "must be a position, as x-position gives it" });
      return position ?? z.NEVER;
    })
    .optional()
    .meta({ description: "A position from `x-position`: waits up to 5 s until the response reaches it" }),
});

export function reportPosition(app: FastifyInstance, reach: Reach): void {
  describeScope(app, ({ schema }) => ({
    querystring: ((schema?.querystring as z.ZodObject | undefined) ?? z.object()).extend(After.shape),
    position: true,
  }));
  app.addHook("preHandler", async (request, reply) => {
    const { after } = request.query as z.infer<typeof After>;
    if (after !== undefined && !(await reach.reached(after, WAIT_MS))) {
      const detail = "The read model has not reached this position yet; try again";
      throw new Refused(refusal("unavailable", { detail, retryAfterS: 1 }));
    }
    // Asked before the data is read, so that the response reaches at least so far.
    reply.header("x-position", `${await reach.position()}`);
  });
}
