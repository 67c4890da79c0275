// What a route says about itself in its `schema`: params, query and body are checked with it, and the OpenAPI document is made from it.
import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyPluginOptions,
  FastifySchema,
  FastifySchemaCompiler,
  FastifyTypeProvider,
  RawServerDefault,
  RouteOptions,
} from "fastify";
import { z } from "zod";
import { isRefusal, type RefusalReason, Refused } from "../refusal.ts";
import { parseInput } from "./parse.ts";

declare module "fastify" {
  interface FastifySchema {
    refusals?: readonly RefusalReason[];
    /** Whether a good response says in x-position how far into the log it reaches. */
    position?: boolean;
  }
}

/** Schemas that the descriptions of the API call by a name. In what is sent, a field with a default may be missing. */
export const requestSchemas = z.registry<{ id: string }>();
/** In what is received, every field is there. */
export const responseSchemas = z.registry<{ id: string }>();

/** A place in the log, as x-position says it. */
export const Position = z.string().regex(/^\d+$/);

export const noContent = { 204: z.void() };

interface ZodTypes extends FastifyTypeProvider {
  readonly validator: this["schema"] extends z.ZodType ? z.output<this["schema"]> : unknown;
}

/** A plugin with routes whose params, query and body have the types of their schemas. */
export type Routes = FastifyPluginAsync<FastifyPluginOptions, RawServerDefault, ZodTypes>;

/** Headers are only described: checking them would take away all that the schema does not name. */
export function zodValidator(reasonForBody: RefusalReason = "invalid"): FastifySchemaCompiler<z.ZodType> {
  return ({ schema, httpPart }) => {
    if (httpPart === "headers") return () => true;
    const isBody = httpPart === "body";
    const reason = isBody ? reasonForBody : "invalid";
    return (input: unknown) => {
      // Without a body, everything in it is missing.
      const value = parseInput(schema, input ?? {}, reason, isBody ? "unacceptable" : reason);
      return isRefusal(value) ? { error: new Refused(value) } : { value };
    };
  };
}

/** Adds to the schema of every route of a scope what the scope itself does, so that no route needs to say it. */
export function describeScope(app: FastifyInstance, describe: (route: RouteOptions) => FastifySchema): void {
  app.addHook("onRoute", (route) => {
    const { refusals = [], ...shared } = describe(route);
    const own = route.schema ?? {};
    route.schema = { ...own, ...shared, refusals: [...(own.refusals ?? []), ...refusals] };
  });
}
