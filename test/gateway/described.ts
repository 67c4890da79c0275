// Holds every response that a test sees against the served OpenAPI document, with a validator that is not ours.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

/** Request and response; bodies as text. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string | undefined;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Content {
  readonly [type: string]: { readonly schema: object };
}

export interface DescribedOperation {
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly headers?: object; readonly content?: Content }>
  >;
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly examples?: object[] }>> };
}

/** Every problem says in a sentence what is wrong and what to do, and nothing that only we understand. */
function assertSaysWhatToDo(what: string, problem: unknown): void {
  const { title, detail } = problem as { readonly title?: unknown; readonly detail?: unknown };
  const isSentence = typeof detail === "string" && detail.length >= 30 && /^[^a-z]/.test(detail);
  if (!isSentence || detail === title)
    throw new Error(`${what}: the problem has no detail that says what to do: ${JSON.stringify(problem)}`);
}

/** Throws when a response, or a request that was accepted, is not as described. */
export type AssertDescribed = (exchange: Exchange) => void;

const ID = "https://switchyard.invalid/openapi.json";

export function describedBy(document: OpenApiDocument): AssertDescribed {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(document, ID);
  const compiled = new Map<string, ValidateFunction>();
  const routes = Object.entries(document.paths).map(([template, methods]) => ({
    template,
    pattern: new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`),
    methods,
  }));

  function assertMatches(what: string, schema: string, value: unknown): void {
    const validate = compiled.get(schema) ?? ajv.compile({ $ref: `${ID}#/${schema}` });
    compiled.set(schema, validate);
    if (!validate(value)) throw new Error(`${what} is not as described: ${ajv.errorsText(validate.errors)}`);
  }

  /** The description must allow everything that the gateway accepts. */
  function assertRequest(exchange: Exchange, operation: DescribedOperation, at: string): void {
    const { method, path, requestHeaders, requestBody } = exchange;
    const type = requestHeaders["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
    if (requestBody === undefined || !(type in (operation.requestBody?.content ?? {}))) return;
    // Lines have responses of their own, and of a CloudEvent in binary mode half stands in headers.
    if (type === "application/x-ndjson" || "ce-specversion" in requestHeaders) return;
    const schema = `${at}/requestBody/content/${escaped(type)}/schema`;
    const what = `what ${method} ${path} accepted, ${requestBody.slice(0, 2_000)},`;
    assertMatches(what, schema, JSON.parse(requestBody));
  }

  return (exchange) => {
    const { method, path, status, headers, text } = exchange;
    const what = `${method} ${path} → ${status}`;
    const type = String(headers["content-type"] ?? "").split(";", 1)[0] ?? "";
    const [bare = ""] = path.split("?", 1);
    // What stands literally in a path wins over a parameter that would fit it, too.
    const matching = routes.filter(({ pattern }) => pattern.test(bare));
    const route = matching.find(({ template }) => template === bare) ?? matching[0];
    const operation = route?.methods[method.toLowerCase()];
    if (route === undefined || operation === undefined) {
      if (status < 400) throw new Error(`${what}: nothing is described there`);
      if (method === "HEAD") return;
      assertMatches(`${what} ${text}`, "components/schemas/Problem", JSON.parse(text));
      assertSaysWhatToDo(what, JSON.parse(text));
      return;
    }
    const at = `paths/${escaped(route.template)}/${method.toLowerCase()}`;
    const described = operation.responses[status];
    if (described === undefined) throw new Error(`${what}: this status is not described: ${text}`);
    for (const name of Object.keys(described.headers ?? {}))
      if (headers[name] === undefined)
        throw new Error(`${what}: the header ${name} is described and missing`);
    if (described.content === undefined) {
      if (text !== "") throw new Error(`${what}: no content is described, but there is some`);
      return;
    }
    if (!(type in described.content)) throw new Error(`${what}: ${type} is not described`);
    const schema = `${at}/responses/${status}/content/${escaped(type)}/schema`;
    for (const value of valuesIn(type, text)) {
      assertMatches(`${what} ${text.slice(0, 2_000)}`, schema, value);
      // Lines of a batch have statuses of their own.
      if (type === "application/problem+json" || isRefusedLine(value)) assertSaysWhatToDo(what, value);
    }
    if (status < 300) assertRequest(exchange, operation, at);
  };
}

/** The examples of what an operation takes as JSON. */
export function examplesOf({ components }: OpenApiDocument, { requestBody }: DescribedOperation): object[] {
  const schema = requestBody?.content["application/json"]?.schema as { readonly $ref?: string } | undefined;
  return components.schemas[schema?.$ref?.split("/").at(-1) ?? ""]?.examples ?? [];
}

function valuesIn(type: string, text: string): unknown[] {
  if (type === "application/x-ndjson")
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  return [/json$/.test(type) ? JSON.parse(text) : text];
}

const isRefusedLine = (value: unknown): boolean =>
  Number((value as { readonly status?: unknown } | null)?.status ?? 0) >= 400;

const escaped = (part: string): string =>
  encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
