// Reads are eventually consistent: each answer says how far it reaches, and one can wait until it reaches far enough.
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { fitting } from "../admin/scope.ts";
import { Refused, refusal } from "../refusal.ts";

export interface Reach {
  position(): Promise<bigint>;
  reached(position: bigint, timeoutMs: number): Promise<boolean>;
}

const WAIT_MS = 5_000;
/** A position is what an earlier answer's x-position said. */
const After = z.looseObject({
  after: z
    .string()
    .regex(/^\d{1,19}$/, "must be a position, as x-position gives it")
    .transform(BigInt)
    .optional(),
});

export function tellFreshness(app: FastifyInstance, reach: Reach): void {
  app.addHook("preHandler", async (request, reply) => {
    const { after } = fitting(After, request.query);
    if (after !== undefined && !(await reach.reached(after, WAIT_MS))) {
      const detail = "The read model has not come so far yet";
      throw new Refused(refusal("unavailable", { detail, retryAfterS: 1 }));
    }
    // Asked before the answer is read, so that the answer reaches at least so far.
    reply.header("x-position", `${await reach.position()}`);
  });
}
