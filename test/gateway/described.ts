// Holds every answer that a test sees against the API's description, with a validator that is not ours.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { openApi } from "../../services/gateway/describe/openapi.ts";

/** What was asked and answered; bodies as text. */
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
interface Described {
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly headers?: object; readonly content?: Content }>>;
}

const ID = "https://switchyard.invalid/openapi.json";
const document = openApi();
const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(document, ID);

const routes = Object.entries(document.paths).map(([template, methods]) => ({
  template,
  pattern: new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`),
  methods: methods as unknown as Readonly<Record<string, Described>>,
}));
const compiled = new Map<string, ValidateFunction>();

/** Throws when something was answered, or taken, that the description does not say. */
export function holdAgainstDescription(exchange: Exchange): void {
  const { method, path, status, headers, text } = exchange;
  const what = `${method} ${path} → ${status}`;
  const type = String(headers["content-type"] ?? "").split(";", 1)[0] ?? "";
  const [bare = ""] = path.split("?", 1);
  // What stands literally in a path is more than a parameter that would fit it, too.
  const matching = routes.filter(({ pattern }) => pattern.test(bare));
  const route = matching.find(({ template }) => template === bare) ?? matching[0];
  const operation = route?.methods[method.toLowerCase()];
  if (route === undefined || operation === undefined) {
    if (status < 400) throw new Error(`${what}: nothing is described there`);
    if (method !== "HEAD") matches(`${what} ${text}`, "components/schemas/Problem", JSON.parse(text));
    return;
  }
  const at = `paths/${escaped(route.template)}/${method.toLowerCase()}`;
  const described = operation.responses[status];
  if (described === undefined) throw new Error(`${what}: this status is not described: ${text}`);
  for (const name of Object.keys(described.headers ?? {}))
    if (headers[name] === undefined) throw new Error(`${what}: the header ${name} is described and missing`);
  if (described.content === undefined) {
    if (text !== "") throw new Error(`${what}: no content is described, but there is some`);
    return;
  }
  if (!(type in described.content)) throw new Error(`${what}: ${type} is not described`);
  const schema = `${at}/responses/${status}/content/${escaped(type)}/schema`;
  for (const value of valuesIn(type, text)) matches(`${what} ${text.slice(0, 2_000)}`, schema, value);
  if (status < 300) requestMatches(exchange, operation, at);
}

/** What was taken must be what the description allows; a producer who goes by it must not be told less than is true. */
function requestMatches(exchange: Exchange, operation: Described, at: string): void {
  const { method, path, requestHeaders, requestBody } = exchange;
  const type = requestHeaders["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (requestBody === undefined || !(type in (operation.requestBody?.content ?? {}))) return;
  // Lines are answered one by one, and of a CloudEvent in binary mode half stands in headers.
  if (type === "application/x-ndjson" || "ce-specversion" in requestHeaders) return;
  const schema = `${at}/requestBody/content/${escaped(type)}/schema`;
  matches(`what ${method} ${path} took, ${requestBody.slice(0, 2_000)},`, schema, JSON.parse(requestBody));
}

function valuesIn(type: string, text: string): unknown[] {
  if (type === "application/x-ndjson")
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  return [/json$/.test(type) ? JSON.parse(text) : text];
}

function matches(what: string, schema: string, value: unknown): void {
  const validate = compiled.get(schema) ?? ajv.compile({ $ref: `${ID}#/${schema}` });
  compiled.set(schema, validate);
  if (!validate(value)) throw new Error(`${what} is not as described: ${ajv.errorsText(validate.errors)}`);
}

const escaped = (part: string): string =>
  encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
