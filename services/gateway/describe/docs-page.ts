// The API's description as one page that needs nothing else: no script, nothing from elsewhere.
import { createHash } from "node:crypto";

type Json = Readonly<Record<string, unknown>>;

/** What of the document is shown. */
export interface OpenApi {
  readonly info: Json;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly securitySchemes: { readonly source: { readonly description: string } };
  };
}

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:2rem 1rem;color:#1c2430;background:#fff}
h1{margin:0}h2{margin:2.5rem 0 .5rem;border-bottom:1px solid #d8dde5}
details{border:1px solid #d8dde5;border-radius:6px;margin:.5rem 0;background:#fafbfc}
summary{padding:.6rem .8rem;cursor:pointer}details>div{padding:0 .8rem .8rem}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{overflow:auto;background:#f1f3f6;padding:.7rem;border-radius:4px}
b.m{display:inline-block;min-width:4.2rem;font:600 13px ui-monospace,monospace}
.get{color:#0b6e4f}.post{color:#1c4e9d}.put{color:#8a5a00}.delete{color:#a8222b}
td,th{text-align:left;vertical-align:top;padding:.15rem .8rem .15rem 0}small{color:#5c6676}
@media(prefers-color-scheme:dark){body{background:#12161c;color:#dfe5ee}details{background:#171c24;border-color:#2b3340}
pre{background:#1d232d}h2{border-color:#2b3340}.get{color:#5fd3a8}.post{color:#82b1ff}.put{color:#e6b450}.delete{color:#ff8a8f}}
`;

/** As a content security policy names it. */
export const STYLE_HASH = `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;

export function docsPage(document: OpenApi): string {
  const { title, description } = document.info;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${text(title)}: the API</title><style>${STYLE}</style>
<h1>${text(title)}</h1><p>${text(description)}
<p>The same for machines: <a href="/openapi.json">OpenAPI 3.1</a>, and for NATS <a href="/asyncapi.json">AsyncAPI 3</a>.
<p><b>People</b> sign in and have a session, <b>programs</b> send <code>authorization: Bearer &lt;token&gt;</code>. <b>Sources</b> sign: ${prose(document.components.securitySchemes.source.description)}
${document.tags.map(({ name }) => section(name, document)).join("")}<h2>Shapes</h2>${Object.entries(document.components.schemas).map(shape).join("")}</html>`;
}

function section(tag: string, document: OpenApi): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => (tags as string[]).includes(tag))
      .map(([method, operation]) => entry(method, path, operation)),
  );
  return `<h2>${text(tag)}</h2>${operations.join("")}`;
}

function entry(method: string, path: string, operation: Json): string {
  const security =
    (operation.security as Json[]).flatMap((one) => Object.keys(one)).join(" or ") || "anybody";
  const parameters = ((operation.parameters ?? []) as Json[]).map(
    ({ name, in: place, description, schema }) =>
      row(
        `<code>${text(name)}</code>`,
        `${text(place)} <small>${prose(description ?? kindOf(schema as Json))}</small>`,
      ),
  );
  const bodies = Object.entries((operation.requestBody as { content: Json } | undefined)?.content ?? {}).map(
    ([type, body]) => row("body", `${reference(body as Json)} <small>${text(type)}</small>`),
  );
  const answers = Object.entries(operation.responses as Record<string, Json>).map(([status, answer]) => {
    const [body] = Object.values((answer.content ?? {}) as Json);
    return row(status, `${text(answer.description)} ${body === undefined ? "" : reference(body as Json)}`);
  });
  return `<details id="${text(operation.operationId)}"><summary><b class="m ${method}">${method.toUpperCase()}</b>
<code>${text(path)}</code> ${text(operation.summary)}</summary><div><small>${text(security)}. ${prose(operation.description ?? "")}</small>
<table>${[...parameters, ...bodies].join("")}</table><table>${answers.join("")}</table></div></details>`;
}

function shape([name, schema]: [string, Json]): string {
  const { description, ...rest } = schema;
  return `<details id="shape-${text(name)}"><summary><code>${text(name)}</code> <small>${prose(description ?? "")}</small></summary>
<div><pre>${text(JSON.stringify(rest, null, 2)).replace(/#\/components\/schemas\/(\w+)/g, '<a href="#shape-$1">$1</a>')}</pre></div></details>`;
}

const row = (head: string, cell: string): string => `<tr><th>${head}<td>${cell}</tr>`;

function reference(body: Json): string {
  const name =
    String((body.schema as Json | undefined)?.$ref ?? "")
      .split("/")
      .at(-1) ?? "";
  return name === "" ? "" : `<a href="#shape-${text(name)}"><code>${text(name)}</code></a>`;
}

const kindOf = ({ type, enum: values }: Json): unknown => (Array.isArray(values) ? values.join(", ") : type);

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const text = (value: unknown): string => String(value ?? "").replace(/[&<>"]/g, (one) => escapes[one] ?? one);
const prose = (value: unknown): string => text(value).replace(/`([^`]+)`/g, "<code>$1</code>");
