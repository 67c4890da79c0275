// Requests to fuzz the gateway with: to every operation, mutated first and then signed, so that many are accepted.
import { createHmac, randomUUID } from "node:crypto";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { examplesOf, type OpenApiDocument } from "./described.ts";
import { ADMIN_TOKEN } from "./gateway.ts";
import { chance, type HeaderList, mangled, misshapen, mutated, mutatedHeaders, pick } from "./mutation.ts";

export interface OddRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: Buffer | undefined;
}

export interface Secrets {
  /** Of a source with Standard Webhooks, `demo`. */
  readonly demo: string;
  /** Of one that signs the body alone, `hasher`. */
  readonly hasher: string;
}

const contact = {
  email: "jane@example.com",
  phone: "+12025550143",
  full_name: "Jane Doe",
  country: "US",
  consent: { text: "yes" },
};
const cloudEvent = { specversion: "1.0", id: "1", source: "/s", type: "t", time: "2026-01-01T00:00:00Z" };
const configurations: readonly object[] = [
  {
    name: "P",
    delivery: { type: "http", url: "http://8.8.8.8/x", headers: { a: "b" } },
    limits: { concurrency: 4 },
  },
  {
    rules: [
      {
        id: "r",
        name: "r",
        priority: 1,
        enabled: true,
        when: { combinator: "and", rules: [{ field: "a", operator: "=", value: 1 }] },
        route: { to: "edu" },
      },
    ],
  },
  { name: "S", scheme: "body-sha256", allowed_kinds: ["lead"], rate_limit: { per_second: 5 } },
];

interface Operation {
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly bySource: boolean;
}

/** What all requests are made of. */
interface Material {
  readonly secrets: Secrets;
  readonly operations: readonly Operation[];
  /** Where single submissions are posted. */
  readonly intake: readonly string[];
  readonly submissions: readonly object[];
}

export function oddRequests(openApi: OpenApiDocument, secrets: Secrets): () => OddRequest {
  const described = Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const single = described.filter(
    ({ path, operation }) => operation.tags.includes("Intake") && path !== "/api/submit/batch",
  );
  const material: Material = {
    secrets,
    // A stream has no end that could be waited for.
    operations: described
      .filter(({ path }) => path !== "/api/stream")
      .map(({ path, method, operation: { security } }) => ({
        path,
        method,
        bySource: security.length === 1 && security.some((one) => "source" in one),
      })),
    intake: single.map(({ path }) => path),
    submissions: [contact, ...single.flatMap(({ operation }) => examplesOf(openApi, operation))],
  };
  return () => oddRequest(material);
}

function oddRequest(material: Material): OddRequest {
  const made = chance(0.6)
    ? pick([alone, alone, structured, binary, byHash, batch])(material)
    : anyOperation(material);
  const verb = chance(0.95)
    ? made.method
    : pick(["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD"]);
  const headers = chance(0.25) ? mutatedHeaders(made.headers) : made.headers;
  const bodiless = verb === "GET" || verb === "HEAD";
  return { method: verb, path: oddPath(made.path), headers, body: bodiless ? undefined : made.body };
}

/** Three ways to be odd, and none: the value, its text, its bytes. */
function oddBytes(value: unknown): Buffer {
  const text = JSON.stringify(chance(0.5) ? mutated(value) : value) ?? "";
  if (chance(0.15)) return Buffer.from(misshapen(text));
  return chance(0.2) ? mangled(text) : Buffer.from(text);
}

const json: HeaderList = [["content-type", "application/json"]];

function signed(secret: string, body: Buffer | string): HeaderList {
  return [["x-source", "demo"], ...Object.entries(signedHeaders(parseSecret(secret), randomUUID(), body))];
}

const post = (path: string, headers: HeaderList, body: Buffer): OddRequest => ({
  method: "POST",
  path,
  headers,
  body,
});

function alone({ secrets: { demo }, submissions, intake }: Material): OddRequest {
  const body = oddBytes(pick(submissions));
  return post(pick(intake), [...json, ...signed(demo, body)], body);
}

function structured({ secrets: { demo }, submissions, intake }: Material): OddRequest {
  const data = pick(submissions);
  const inside = chance(0.3)
    ? { data_base64: Buffer.from(JSON.stringify(data)).toString("base64") }
    : { data };
  const body = oddBytes({ ...cloudEvent, ...inside });
  return post(pick(intake), [["content-type", "application/cloudevents+json"], ...signed(demo, body)], body);
}

function binary({ secrets: { demo }, submissions, intake }: Material): OddRequest {
  const body = oddBytes(pick(submissions));
  const attributes = Object.entries(cloudEvent).map(([name, value]) => [`ce-${name}`, value] as const);
  const odd = chance(0.4) ? mutatedHeaders(attributes) : attributes;
  return post(pick(intake), [...json, ...signed(demo, body), ...odd], body);
}

function byHash({ secrets: { hasher }, submissions, intake }: Material): OddRequest {
  const body = oddBytes(pick(submissions));
  const hex = createHmac("sha256", hasher).update(body).digest("hex");
  const headers: HeaderList = [
    ["x-source", "hasher"],
    ["idempotency-key", randomUUID()],
    ["x-signature-256", `sha256=${hex}`],
  ];
  return post(pick(intake), [...json, ...headers], body);
}

function batch({ secrets: { demo }, submissions }: Material): OddRequest {
  const lines = Array.from({ length: 3 }, () => {
    const body = oddBytes(pick(submissions)).toString();
    const line = {
      ...signedHeaders(parseSecret(demo), randomUUID(), body),
      body,
      kind: pick(["lead", "event"]),
    };
    return oddBytesRarely(line);
  });
  const headers: HeaderList = [
    ["content-type", "application/x-ndjson"],
    ["x-source", "demo"],
  ];
  const newline = Buffer.from(pick(["\n", "\r\n", "\n\n"]));
  return post("/api/submit/batch", headers, Buffer.concat(lines.flatMap((line) => [line, newline])));
}

const oddBytesRarely = (line: object): Buffer =>
  chance(0.3) ? oddBytes(line) : Buffer.from(JSON.stringify(line));

function anyOperation({ secrets: { demo }, operations, submissions }: Material): OddRequest {
  const { path, method, bySource } = pick(operations);
  const body = oddBytes(pick([...submissions, ...configurations]));
  const identified: HeaderList =
    bySource || chance(0.1) ? signed(demo, body) : [["authorization", `Bearer ${ADMIN_TOKEN}`]];
  return { method, path, headers: [...json, ...identified], body };
}

function oddPath(path: string): string {
  const filled = path.replace(/\{\w+\}/g, () =>
    pick(["x", "edu", randomUUID(), "%00", "a".repeat(150), "%zz", "A%20B"]),
  );
  if (chance(0.8)) return filled;
  const name = pick(["after", "limit", "cursor", "q", "status", "a[b]", "__proto__"]);
  return `${filled}?${name}=${pick(["", "-1", "%", "9".repeat(30), "%F0", "x&limit=5"])}`;
}
