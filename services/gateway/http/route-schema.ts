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
import type { PermissionName } from "../access/permissions.ts";
import { isRefusal, type Refusal, type RefusalReason, Refused, refusal } from "../refusal.ts";
import { parseInput } from "./parse.ts";
import { isEmpty, UnreadableQuery } from "./query.ts";

declare module "fastify" {
  interface FastifySchema {
    refusals?: readonly RefusalReason[];
    /** What whoever asks must be allowed; the guard adds it from the table of permissions. */
    permission?: PermissionName;
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

/** Of a route that takes none: empty, or an object without fields. */
export const NO_BODY = z.strictObject({});

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
    if (httpPart === "querystring") return (input: unknown) => validated(parseParameters(schema, input));
    const isBody = httpPart === "body";
    const reason = isBody ? reasonForBody : "invalid";
    return (input: unknown) => {
      // Without a body, everything in it is missing.
      return validated(
        parseInput(isBody ? strict(schema) : schema, input ?? {}, reason, isBody ? "unacceptable" : reason),
      );
    };
  };
}

const validated = (value: unknown) => (isRefusal(value) ? { error: new Refused(value) } : { value });

function parseParameters(schema: z.ZodType, query: unknown): unknown {
  if (query instanceof UnreadableQuery) return refusal("invalid", { errors: query.errors });
  return parseInput(strict(schema), query);
}

const strictOnes = new WeakMap<z.ZodType, z.ZodType>();

/** What is misspelt would otherwise do something else than was meant. A schema that is loose on purpose stays so. */
function strict(schema: z.ZodType): z.ZodType {
  if (!(schema instanceof z.ZodObject) || schema.def.catchall !== undefined) return schema;
  const made = strictOnes.get(schema) ?? schema.strict();
  strictOnes.set(schema, made);
  return made;
}

const NO_PARAMETERS = z.strictObject({});

/** For a route that takes no parameters and checks nothing with its schema. */
export function refuseQuery(query: unknown): Refusal | undefined {
  if (isEmpty(query)) return undefined;
  const parsed = parseParameters(NO_PARAMETERS, query);
  return isRefusal(parsed) ? parsed : undefined;
}

/** A route that says nothing about its parameters has none. */
export function describeQueries(app: FastifyInstance): void {
  app.addHook("onRoute", (route) => {
    route.schema = { ...route.schema, querystring: route.schema?.querystring ?? NO_PARAMETERS };
  });
}

/** Adds to the schema of every route of a scope what the scope itself does, so that no route needs to say it. */
export function describeScope(app: FastifyInstance, describe: (route: RouteOptions) => FastifySchema): void {
  app.addHook("onRoute", (route) => {
    const { refusals = [], ...shared } = describe(route);
    const own = route.schema ?? {};
    route.schema = { ...own, ...shared, refusals: [...(own.refusals ?? []), ...refusals] };
  });
}
