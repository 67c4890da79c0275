// The one table of who may do what. The guards of the routes, the OpenAPI document, docs/permissions.md and GET /api/me follow from it.
import { ROLES, type Role } from "#domain/access/role.ts";

export interface Permission {
  /** What it allows, in words that go on after "may". */
  readonly allows: string;
  readonly roles: readonly Role[];
  /** `METHOD path`; a `*` at the end stands for any rest, `*` as a method for all. The longest that fits counts. */
  readonly routes: readonly string[];
  /** What these routes show may be about people: it is masked for those who may not see it. */
  readonly personal?: true;
}

const ALL = ROLES;
const AUDIT: readonly Role[] = ["auditor", "admin"];
const MANAGE: readonly Role[] = ["manager", "admin"];
const OPERATE: readonly Role[] = ["operator", "admin"];
const DEVELOP: readonly Role[] = ["developer", "admin"];
const ADMIN: readonly Role[] = ["admin"];

export const permissions = {
  "leads.read": {
    allows: "read leads, their timelines and decisions",
    roles: ALL,
    routes: ["GET /api/leads*"],
    personal: true,
  },
  "personal_data.read": {
    allows: "see personal data as it is",
    roles: ["manager", "operator", "developer", "admin"],
    routes: [],
  },
  "personal_data.unmask": {
    allows: "see personal data for a reason that is recorded, by ?unmask=<reason>",
    roles: ["auditor", "manager", "operator", "developer", "admin"],
    routes: [],
  },
  "identities.read": {
    allows: "read who is known, with aliases and merges",
    roles: AUDIT,
    routes: ["GET /api/identities*"],
    personal: true,
  },
  "identities.change": {
    allows: "forget a person, or take a merge back",
    roles: ADMIN,
    routes: ["* /api/identities*"],
  },
  "rules.read": { allows: "read the rules and their history", roles: ALL, routes: ["GET /api/rules*"] },
  "rules.try": {
    allows: "check, back-test and evaluate rules without changing any",
    roles: ["auditor", "manager", "operator", "developer", "admin"],
    routes: ["POST /api/rules/check", "POST /api/rules/backtest", "POST /api/rules/evaluate"],
  },
  "rules.draft": {
    allows: "keep a draft of the rules, which nobody else sees",
    roles: MANAGE,
    routes: ["* /api/rules/draft"],
  },
  "rules.change": {
    allows: "publish, revert and remove rules, and shadow them",
    roles: MANAGE,
    routes: ["* /api/rules*"],
  },
  "campaigns.read": {
    allows: "read campaigns and their members",
    roles: ALL,
    routes: ["GET /api/campaigns*"],
    personal: true,
  },
  "campaigns.change": {
    allows: "configure, start, pause and cancel campaigns",
    roles: MANAGE,
    routes: ["* /api/campaigns*"],
  },
  "partners.read": { allows: "read partners and how they fare", roles: ALL, routes: ["GET /api/partners*"] },
  "partners.change": {
    allows: "configure, pause, resume, test and remove partners, and take leads back from them",
    roles: OPERATE,
    routes: ["* /api/partners*"],
  },
  "dead_letters.read": {
    allows: "read dead letters",
    roles: ALL,
    routes: ["GET /api/dlq*"],
    personal: true,
  },
  "dead_letters.change": {
    allows: "redrive, discard, correct and resolve dead letters",
    roles: OPERATE,
    routes: ["* /api/dlq*"],
  },
  "projections.read": {
    allows: "read how far the read models are",
    roles: ALL,
    routes: ["GET /api/projections*"],
  },
  "projections.rebuild": { allows: "rebuild read models", roles: OPERATE, routes: ["* /api/projections*"] },
  "sources.read": {
    allows: "read sources, without their secrets",
    roles: ALL,
    routes: ["GET /api/sources*"],
  },
  "sources.change": {
    allows: "configure sources and their secrets",
    roles: DEVELOP,
    routes: ["* /api/sources*"],
  },
  "context.read": {
    allows: "read orders, shipments and other context",
    roles: ["auditor", "manager", "operator", "developer", "admin"],
    routes: ["GET /api/context*"],
    personal: true,
  },
  "context.change": { allows: "put and remove context", roles: DEVELOP, routes: ["* /api/context*"] },
  "suppressions.read": {
    allows: "read how many a suppression list names",
    roles: ALL,
    routes: ["GET /api/suppressions*"],
  },
  "suppressions.change": {
    allows: "upload and remove suppression lists",
    roles: ["manager", "developer", "admin"],
    routes: ["* /api/suppressions*"],
  },
  "services.read": {
    allows: "read routing and analysis services",
    roles: ALL,
    routes: ["GET /api/routing-services*", "GET /api/analysis-services*"],
  },
  "services.change": {
    allows: "configure routing and analysis services",
    roles: DEVELOP,
    routes: ["* /api/routing-services*", "* /api/analysis-services*"],
  },
  "stats.read": { allows: "read statistics", roles: ALL, routes: ["GET /api/stats*"] },
  "operations.read": {
    allows: "follow what happens, and see the processes",
    roles: ALL,
    routes: ["GET /api/stream*", "GET /api/workers*"],
  },
  "audit.read": { allows: "read who changed what", roles: AUDIT, routes: ["GET /api/audit*"] },
  "users.read": { allows: "read who may sign in", roles: AUDIT, routes: ["GET /api/users*"] },
  "users.change": {
    allows: "invite, change and remove users",
    roles: ADMIN,
    routes: ["* /api/users*", "POST /api/setup-links"],
  },
  "tokens.read": { allows: "read which tokens there are", roles: AUDIT, routes: ["GET /api/tokens*"] },
  "tokens.change": { allows: "make and revoke tokens", roles: ADMIN, routes: ["* /api/tokens*"] },
  "own.change": {
    allows: "see and end their own sessions, and change their own password",
    roles: ALL,
    routes: ["* /api/me*"],
  },
  /** What no other row names. */
  "everything.else": { allows: "do what is named nowhere else", roles: ADMIN, routes: ["* /*"] },
} as const satisfies Readonly<Record<string, Permission>>;

export type PermissionName = keyof typeof permissions;
export const permissionNames = Object.keys(permissions) as PermissionName[];

export const rolesWith = (name: PermissionName): readonly Role[] => permissions[name].roles;
export const may = (role: Role, name: PermissionName): boolean => rolesWith(name).includes(role);
export const permissionsOf = (role: Role): PermissionName[] =>
  permissionNames.filter((name) => name !== "everything.else" && may(role, name));
export const isPersonal = (name: PermissionName): boolean => "personal" in permissions[name];

const patterns = permissionNames.flatMap((name) =>
  permissions[name].routes.map((route) => {
    const [method = "", path = ""] = route.split(" ");
    return { name, method, prefix: path.replace(/\*$/, ""), isWhole: !path.endsWith("*") };
  }),
);

/** What a route needs; `url` as the route is declared. */
export function permissionFor(method: string, url: string): PermissionName {
  const asked = method === "HEAD" ? "GET" : method;
  const fitting = patterns.filter(
    (one) =>
      (one.method === "*" || one.method === asked) &&
      (one.isWhole ? one.prefix === url : url.startsWith(one.prefix)),
  );
  const weight = ({ prefix, method }: (typeof patterns)[number]): number =>
    prefix.length * 2 + (method === "*" ? 0 : 1);
  fitting.sort((a, b) => weight(b) - weight(a));
  return fitting[0]?.name ?? "everything.else";
}
