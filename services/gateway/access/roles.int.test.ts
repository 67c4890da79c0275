// Every role on every route: what the contract gives each role, and nothing else.
import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { ROLES, type Role } from "#domain/access/role.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { permissionFor, permissionNames, permissions } from "./permissions.ts";

const { test, yard } = await gatewaySuite("roles and routes");

const tokens = new Map<Role, string>();
for (const role of ROLES) {
  const { body } = await yard.admin("POST", "/api/tokens", { name: role, role });
  tokens.set(role, body.token);
}

/** Who may change something below a path; whatever else is only for the admin. */
const CHANGERS: readonly (readonly [RegExp, readonly Role[]])[] = [
  [/^\/api\/me/, ROLES],
  [/^\/api\/rules\/(check|backtest|evaluate)$/, ["auditor", "manager", "operator", "developer"]],
  [/^\/api\/(rules|campaigns)/, ["manager"]],
  [/^\/api\/(partners|dlq|projections)/, ["operator"]],
  [/^\/api\/(sources|context|routing-services|analysis-services)/, ["developer"]],
  [/^\/api\/suppressions/, ["manager", "developer"]],
  [/^\/api\/(users|tokens|setup-links|identities)/, []],
];
/** Who may read; all others may. */
const READERS: readonly (readonly [RegExp, readonly Role[]])[] = [
  [/^\/api\/(users|tokens|identities|audit)/, ["auditor"]],
  [/^\/api\/context/, ["auditor", "manager", "operator", "developer"]],
  [/^\/api\/rules\/draft$/, ["manager"]],
];

function expected(method: string, path: string): readonly Role[] {
  const [, named = method === "get" ? ROLES : []] =
    (method === "get" ? READERS : CHANGERS).find(([pattern]) => pattern.test(path)) ?? [];
  return [...named, "admin"];
}

interface Operation {
  readonly method: string;
  readonly template: string;
  readonly path: string;
  readonly described: { readonly "x-permission"?: string; readonly "x-roles"?: readonly string[] };
}

/** All but those of intake and those by which one comes in. */
const operations = Object.entries(yard.openApi.paths).flatMap(([template, methods]) =>
  Object.entries(methods).flatMap(([method, described]): Operation[] => {
    const isOpen = described.tags.includes("Intake") || described.security.length === 0;
    if (isOpen || template === "/api/stream") return [];
    const path = template.replace("{name}", "none").replace(/\{\w+\}/g, randomUUID());
    return [{ method, template, path, described: described as object }];
  }),
);

/** A body that nobody accepts: what is refused for its body was let in. */
const ODD = JSON.stringify({ surprise: 1 });

test("every role gets in where it may, and is told which roles do where it may not", async () => {
  assert.ok(operations.length > 60, `${operations.length}`);
  for (const { method, path, template } of operations)
    for (const role of ROLES) {
      const may = expected(method, template).includes(role);
      const hasBody = method !== "get";
      const type = /suppressions/.test(path) ? "application/x-ndjson" : "application/json";
      const { status, body } = await yard.call(path, {
        method: method.toUpperCase(),
        headers: { authorization: `Bearer ${tokens.get(role)}`, ...(hasBody && { "content-type": type }) },
        ...(hasBody && { body: ODD }),
      });
      const what = `${role}: ${method} ${template} → ${status}`;
      if (may) assert.is.not(status, 403, what);
      else {
        assert.equal([status, body.type], [403, "urn:switchyard:problem:forbidden"], what);
        assert.equal(new Set(body.roles), new Set(expected(method, template)), what);
        for (const other of body.roles) assert.match(body.detail, other);
      }
      assert.is.not(status, 401, what);
    }
});

test("the description says what each route needs, and who has that", () => {
  for (const { method, template, described } of operations) {
    const { "x-permission": permission, "x-roles": roles = [] } = described;
    assert.ok(permission !== undefined && permission in permissions, `${method} ${template}: ${permission}`);
    assert.equal(new Set(roles), new Set(expected(method, template)), `${method} ${template}`);
    assert.is.not(permission, "everything.else", `${method} ${template} has no row in the table`);
  }
});

test("each row of the table is for a role, and the closest row counts", () => {
  for (const name of permissionNames)
    assert.ok(([...permissions[name].roles] as Role[]).includes("admin"), name);
  assert.is(permissionFor("HEAD", "/api/leads/:id"), "leads.read");
  assert.is(permissionFor("POST", "/api/rules/check"), "rules.try");
  assert.is(permissionFor("POST", "/api/rules/checkers"), "rules.change");
  assert.is(permissionFor("POST", "/api/leads"), "everything.else");
  assert.is(permissionFor("GET", "/api/unheard-of"), "everything.else");
});

test("without a session or token every one of them is a 401", async () => {
  for (const { method, path } of operations) {
    const { status } = await yard.call(path, { method: method.toUpperCase() });
    assert.ok(status === 401 || status === 415, `${method} ${path}: ${status}`);
  }
});

test.run();
