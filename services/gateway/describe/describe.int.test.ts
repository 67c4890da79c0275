import { globSync, readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv, type AnySchema } from "ajv";
import formats from "ajv-formats";
import * as assert from "uvu/assert";
import { Rule } from "#domain/rules/rule.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { Partner, Partners } from "../admin/shown-partner.ts";
import { NewSecret, Source, Sources } from "../admin/sources.ts";
import { Problem, problemReasons, statusOf } from "../http/problem.ts";
import { Accepted } from "../intake/response.ts";
import { Leads } from "../reading/leads.ts";
import { OneRule, Rules } from "../rules/schemas.ts";
import { Readiness } from "./routes.ts";

const { test, yard } = await gatewaySuite("the API's description");

/** Every object in a document, wherever it stands. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

function resolve(root: unknown, ref: string): unknown {
  const parts = ref.replace(/^#\//, "").split("/");
  return parts.reduce((here, part) => (here as Record<string, unknown> | undefined)?.[part], root);
}

for (const [name, path] of [
  ["OpenAPI", "/openapi.json"],
  ["AsyncAPI", "/asyncapi.json"],
] as const) {
  test(`every reference in the ${name} document leads somewhere in it`, async () => {
    const { body: root } = await yard.call(path);
    const refs = [...objectsIn(root)].flatMap(({ $ref }) => (typeof $ref === "string" ? [$ref] : []));
    assert.ok(refs.length > 5);
    for (const ref of refs) {
      assert.ok(ref.startsWith("#/"), ref);
      assert.ok(resolve(root, ref) !== undefined, ref);
    }
  });
}

test("the OpenAPI document is valid by the standard's own schema", async () => {
  const { body: document } = await yard.call("/openapi.json");
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  assert.ok(valid, JSON.stringify(errors));
  assert.is(validator.version, "3.1");
  const broken = { ...document, paths: { "/api/submit": { post: { responses: 7 } } } };
  assert.not.ok((await new Validator().validate(broken)).valid);
});

test("the AsyncAPI document is valid by the standard's own schema", async () => {
  const { body: document } = await yard.call("/asyncapi.json");
  const file = new URL(import.meta.resolve("@asyncapi/specs/schemas/3.0.0.json"));
  // It brings the meta schema of JSON Schema along, which would be there twice.
  const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
  formats.default(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(file, "utf8")) as AnySchema);
  assert.ok(validate(document), ajv.errorsText(validate.errors));
  assert.not.ok(validate({ ...document, operations: { submit: { action: "answer" } } }));
});

test("both documents name the release that serves them", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const path of ["/openapi.json", "/asyncapi.json"])
    assert.is((await yard.call(path)).body.info.version, version, path);
});

test("each operation has what OpenAPI 3.1 asks for", async () => {
  const { body: document } = await yard.call("/openapi.json");
  assert.is(document.openapi, "3.1.0");
  assert.ok(document.info.title && document.info.version);
  const ids = new Set();
  for (const [path, methods] of Object.entries<Record<string, never>>(document.paths)) {
    for (const operation of Object.values<{
      operationId: string;
      parameters?: { in: string; name: string; required: boolean; schema: object }[];
      responses: Record<string, { description: string }>;
    }>(methods)) {
      assert.not(ids.has(operation.operationId), operation.operationId);
      ids.add(operation.operationId);
      assert.ok(Object.keys(operation.responses).length > 0);
      for (const [status, { description }] of Object.entries(operation.responses)) {
        assert.match(status, /^[2-5]\d\d$/);
        assert.ok(description.length > 0);
      }
      const inPath = (operation.parameters ?? []).filter((one) => one.in === "path").map(({ name }) => name);
      assert.equal(
        inPath,
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      );
      for (const { required, in: place } of operation.parameters ?? [])
        if (place === "path") assert.ok(required);
    }
  }
});

const operations = Object.entries(yard.openApi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
);

test("what is described is served, with those methods and no others", async () => {
  for (const path of new Set(operations.map((one) => one.path))) {
    const { status, headers } = await yard.call(path.replace(/\{\w+\}/g, "x"), { method: "PATCH" });
    assert.is(status, 405, path);
    const served = String(headers.allow)
      .toLowerCase()
      .split(", ")
      .filter((one) => one !== "head");
    const described = operations.filter((one) => one.path === path).map(({ method }) => method);
    assert.equal(served.sort(), described.sort(), path);
  }
});

test("what is served is described", () => {
  const described = new Set(operations.map(({ method, path }) => `${method} ${path}`));
  // The console's pages are there for people, and no part of the API.
  const files = globSync("services/gateway/**/*.ts").filter((file) => !file.includes("/gateway/console/"));
  const found = files.flatMap((file) => [
    ...readFileSync(file, "utf8").matchAll(/app\.(get|put|post|delete)\(\s*"([^"]+)"/g),
  ]);
  assert.ok(found.length > 15);
  for (const [, method, path = ""] of found) {
    const template = path.replace(/:(\w+)/g, "{$1}");
    assert.ok(described.has(`${method} ${template}`), `${method} ${path}`);
  }
});

test("every way to be refused has its status described somewhere", () => {
  const told = new Set(
    operations.flatMap(({ operation: { responses } }) =>
      Object.entries(responses).flatMap(([status, { description }]) =>
        description.split(", ").map((reason) => `${status} ${reason}`),
      ),
    ),
  );
  const everywhere = ["internal", "method_not_allowed"];
  const untold = problemReasons.filter((reason) => !told.has(`${statusOf(reason)} ${reason}`));
  assert.equal(untold.sort(), everywhere);
  for (const reason of problemReasons) assert.ok(statusOf(reason) >= 400);
});

test("answers have the shape that is described", async () => {
  const partner = { name: "P", delivery: { type: "http", url: "http://8.8.8.8/" } };
  const rule = {
    id: "r",
    name: "r",
    priority: 1,
    enabled: true,
    when: { combinator: "and", rules: [] },
    route: { to: "p" },
  };
  const shaped = [
    [await yard.admin("PUT", "/api/partners/p", partner), Partner],
    [await yard.admin("GET", "/api/partners"), Partners],
    [await yard.admin("PUT", "/api/rules", { rules: [rule] }), Rules],
    [await yard.admin("PUT", "/api/rules/r", rule), OneRule],
    [await yard.admin("GET", "/api/rules/r"), Rule],
    [await yard.admin("PUT", "/api/sources/s", { allowed_kinds: ["lead"] }), Source],
    [await yard.admin("GET", "/api/sources"), Sources],
    [await yard.admin("POST", "/api/sources/s/secrets"), NewSecret],
    [await yard.submit({ email: "a@example.com" }), Accepted],
    [await yard.submit({ email: 1 }), Problem],
    [await yard.admin("GET", "/api/leads"), Leads],
    [await yard.call("/readyz"), Readiness],
  ] as const;
  for (const [{ status, body }, schema] of shaped) {
    const parsed = schema.safeParse(body);
    assert.ok(parsed.success, `${status}: ${parsed.error?.message}`);
    // Nothing is said that is not described.
    assert.equal(body, parsed.data);
  }
});

test("the page needs nothing from elsewhere, and names every operation and shape", async () => {
  const { status, headers, text } = await yard.call("/docs");
  assert.is(status, 200);
  assert.match(String(headers["content-security-policy"]), /default-src 'none'/);
  assert.not.match(text, /<script|src=|https?:\/\//);
  for (const { path } of operations) assert.ok(text.includes(path), path);
  const { body: document } = await yard.call("/openapi.json");
  for (const name of Object.keys(document.components.schemas))
    assert.ok(text.includes(`shape-${name}`), name);
});

test.run();
