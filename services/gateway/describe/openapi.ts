// The HTTP API as an OpenAPI 3.1 document, made from the schemas that requests are checked with.
import { z } from "zod";
import { statusOf } from "../http/problem.ts";
import type { Operation } from "./operation.ts";
import { operations } from "./operations.ts";
import { schemaRef, schemas } from "./schemas.ts";

type Json = Record<string, unknown>;

export interface OpenApi {
  readonly openapi: "3.1.0";
  readonly info: Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly [part: string]: Json };
  readonly [part: string]: unknown;
}

const SIGNED = `Signed as Standard Webhooks asks: \`x-source\`, \`webhook-id\` (also the idempotency key), \`webhook-timestamp\`
(Unix seconds, ±300 s) and \`webhook-signature\` (\`v1,<base64 HMAC-SHA256(secret, "{id}.{timestamp}.{body}")>\`, several
separated by spaces). A source with the scheme body-sha256 sends \`idempotency-key\` and \`x-signature-256:
sha256=<hex HMAC-SHA256(secret, body)>\` instead. To read, it signs an empty body.`;

export function openApi(): OpenApi {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [operation.method]: described(operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Switchyard",
      version: "1.0.0",
      description:
        "Takes submissions in at once, finds out who they are about, and delivers each to the right partner.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas(),
      securitySchemes: {
        admin: { type: "http", scheme: "bearer" },
        source: { type: "apiKey", in: "header", name: "webhook-signature", description: SIGNED },
      },
    },
  };
}

const security: Readonly<Record<Operation["by"], Json[]>> = {
  anybody: [],
  admin: [{ admin: [] }],
  source: [{ source: [] }],
  "admin or source": [{ admin: [] }, { source: [] }],
};

function described(operation: Operation): Json {
  const { method, path, summary, tag, by, body, alsoAs = {} } = operation;
  const bodies = { ...(body && { "application/json": body }), ...alsoAs };
  const parameters = [
    ...pathParameters(path),
    ...parametersIn("query", operation.query),
    ...parametersIn("header", operation.headers),
  ];
  if (by === "source" || by === "admin or source") parameters.push(sourceHeader(by === "source"));
  return {
    operationId: `${method}${path.replace(/[^A-Za-z]+(\w?)/g, (_, first: string) => first.toUpperCase())}`,
    summary,
    tags: [tag],
    security: security[by],
    ...(parameters.length > 0 && { parameters }),
    ...(Object.keys(bodies).length > 0 && { requestBody: { required: true, content: contents(bodies) } }),
    responses: { ...goodAnswers(operation), ...badAnswers(operation) },
  };
}

function sourceHeader(required: boolean): Json {
  return {
    name: "x-source",
    in: "header",
    required,
    schema: { type: "string" },
    description: "The id of the source that signs",
  };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function parametersIn(place: "query" | "header", shape: z.ZodObject | undefined): Json[] {
  if (shape === undefined) return [];
  const { properties = {} } = z.toJSONSchema(shape, { io: "input", unrepresentable: "any" });
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as Json;
    return {
      name,
      in: place,
      required: false,
      schema: rest,
      ...(description !== undefined && { description }),
    };
  });
}

function contents(bodies: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(
    Object.entries(bodies).map(([type, name]) => [type, { schema: { $ref: schemaRef(name) } }]),
  );
}

function goodAnswers({ answers, answersAs, tellsPosition }: Operation): Json {
  const described = Object.entries(answers).map(([status, name]) => {
    const reason = status.startsWith("2") ? (status === "202" ? "Taken in" : "Done") : "Not now";
    const headers = tellsPosition ? { headers: positionHeader } : {};
    if (name === "nothing") return [status, { description: reason, ...headers }];
    const schema =
      name === "text" || name === "html"
        ? { type: "string" }
        : name === "object"
          ? { type: "object" }
          : { $ref: schemaRef(name) };
    return [
      status,
      { description: reason, ...headers, content: { [answersAs ?? "application/json"]: { schema } } },
    ];
  });
  return Object.fromEntries(described);
}

const positionHeader = {
  "x-position": {
    description: "How far into the log this reaches; give it as `after` to read what you wrote",
    schema: { type: "string" },
  },
};

function badAnswers({ refusals }: Operation): Json {
  const byStatus = new Map<number, string[]>();
  for (const reason of refusals)
    byStatus.set(statusOf(reason), [...(byStatus.get(statusOf(reason)) ?? []), reason]);
  const content = contents({ "application/problem+json": "Problem" });
  const each = [...byStatus].map(([status, reasons]) => {
    const retry = status === 429 || status === 503 ? { headers: retryHeader } : {};
    return [`${status}`, { description: reasons.join(", "), ...retry, content }];
  });
  return Object.fromEntries(each);
}

const retryHeader = { "retry-after": { description: "Seconds", schema: { type: "integer" } } };
