// The HTTP API as an OpenAPI 3.1 document: @fastify/swagger collects the routes, this turns what they say into JSON Schema.
import { STATUS_CODES } from "node:http";
import type {
  FastifyDynamicSwaggerOptions,
  SwaggerTransform,
  SwaggerTransformObject,
} from "@fastify/swagger";
import type { FastifySchema } from "fastify";
import { z } from "zod";
import manifest from "../../../package.json" with { type: "json" };
import { SESSION_COOKIE } from "../access/identify.ts";
import { type PermissionName, rolesWith } from "../access/permissions.ts";
import { statusOf } from "../http/problem.ts";
import { NO_BODY } from "../http/route-schema.ts";
import type { RefusalReason } from "../refusal.ts";
import { jsonSchema, namedSchemas, refTo } from "./json-schemas.ts";

type Content = Readonly<Record<string, { readonly schema: z.ZodType }>>;

const SIGNED = `Signed as Standard Webhooks asks: \`x-source\`, \`webhook-id\` (also the idempotency key), \`webhook-timestamp\`
(Unix seconds, ±300 s) and \`webhook-signature\` (\`v1,<base64 HMAC-SHA256(secret, "{id}.{timestamp}.{body}")>\`, several
separated by spaces). A source with the scheme body-sha256 sends \`idempotency-key\` and \`x-signature-256:
sha256=<hex HMAC-SHA256(secret, body)>\` instead. To read, any source signs
\`{METHOD} {path with query}\` as Standard Webhooks asks, in place of a body.`;

const TAGS = [
  "Intake",
  "Reading",
  "Identities",
  "Rules",
  "Routing services",
  "Context",
  "Suppressions",
  "Campaigns",
  "Partners",
  "Dead letters",
  "Sources",
  "Signing in",
  "Users and tokens",
  "Operations",
];

export function openApiOptions(): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Switchyard",
        version: manifest.version,
        description:
          "Takes submissions in at once, finds out who they are about, and delivers each to the right partner.",
        license: { name: "MIT", identifier: "MIT" },
      },
      servers: [{ url: "/" }],
      tags: TAGS.map((name) => ({ name })),
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer", description: "The admin token, or an API token" },
          session: {
            type: "apiKey",
            in: "cookie",
            name: SESSION_COOKIE,
            description:
              "Of a person who is signed in; what changes something must come from the same origin",
          },
          source: { type: "apiKey", in: "header", name: "webhook-signature", description: SIGNED },
        },
      },
    },
    convertConstToEnum: false,
    transform,
    transformObject: withSchemas,
  };
}

/** Added at the end: the plugin would rewrite them as if they were older JSON Schema. */
const withSchemas: SwaggerTransformObject = (document) => {
  if (!("openapiObject" in document)) throw new Error("the document is not OpenAPI 3");
  const components = { ...document.openapiObject.components, schemas: namedSchemas() };
  return Object.assign(document.openapiObject, { components });
};

const transform: SwaggerTransform<FastifySchema> = ({ schema = {}, url, route }) => {
  const {
    params,
    querystring,
    headers,
    body,
    response,
    refusals = [],
    position,
    permission,
    ...rest
  } = schema;
  if (rest.hide === true) return { url, schema };
  if (rest.summary === undefined) throw new Error(`${route.method} ${url} has no summary in its schema`);
  const inputs = Object.entries({ params, querystring, headers }).filter(([, input]) => input !== undefined);
  return {
    url,
    schema: {
      operationId: operationId(`${route.method}`, url),
      ...rest,
      ...(permission !== undefined && neededBy(permission, rest.description)),
      ...Object.fromEntries(inputs.map(([part, input]) => [part, jsonSchema(input as z.ZodType, "input")])),
      ...(body !== undefined &&
        body !== NO_BODY && { body: { content: described(contentOf(body), "input") } }),
      // Whatever a route takes, other parameters are refused.
      response: { ...successes(response as object, position), ...failures([...refusals, "invalid"]) },
    },
  };
};

/** Also for programs, which show nobody what they can't do. */
function neededBy(permission: PermissionName, description?: string): object {
  const roles = rolesWith(permission);
  const needed = `Needs the permission \`${permission}\`: ${roles.join(", ")}.`;
  return {
    description: description === undefined ? needed : `${description} ${needed}`,
    "x-permission": permission,
    "x-roles": [...roles],
  };
}

const operationId = (method: string, url: string): string =>
  method.toLowerCase() + url.replace(/[^A-Za-z]+(\w?)/g, (_, first: string) => first.toUpperCase());

const contentOf = (body: unknown): Content =>
  body instanceof z.ZodType
    ? { "application/json": { schema: body } }
    : (body as { content: Content }).content;

const described = (content: Content, io: "input" | "output"): object =>
  Object.fromEntries(
    Object.entries(content).map(([type, { schema }]) => [type, { schema: jsonSchema(schema, io) }]),
  );

function successes(response: object, position = false): object {
  const headers = position ? { headers: { "x-position": POSITION } } : {};
  return Object.fromEntries(
    Object.entries(response).map(([status, body]) => [
      status,
      {
        description: STATUS_CODES[status],
        ...headers,
        ...(body instanceof z.ZodVoid ? { type: "null" } : { content: described(contentOf(body), "output") }),
      },
    ]),
  );
}

function failures(refusals: readonly RefusalReason[]): object {
  const byStatus = Map.groupBy(new Set(refusals), statusOf);
  return Object.fromEntries(
    [...byStatus].map(([status, reasons]) => [
      status,
      {
        description: reasons.join(", "),
        ...((status === 429 || status === 503) && { headers: { "retry-after": RETRY_AFTER } }),
        content: { "application/problem+json": { schema: refTo("Problem") } },
      },
    ]),
  );
}

const POSITION = {
  type: "string",
  description: "How far into the log this reaches; give it as `after` to read what you wrote",
};
const RETRY_AFTER = { type: "integer", description: "Seconds" };
