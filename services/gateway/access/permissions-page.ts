// docs/permissions.md, from the table of permissions.
import { ROLES } from "#domain/access/role.ts";
import { may, permissionNames, permissions } from "./permissions.ts";

export function permissionsPage(): string {
  const head = `| permission | allows to | ${ROLES.join(" | ")} | routes |`;
  const line = `| --- | --- |${ROLES.map(() => " :-: |").join("")} --- |`;
  const rows = permissionNames.map((name) => {
    const { allows, routes } = permissions[name];
    const marks = ROLES.map((role) => (may(role, name) ? "●" : " ")).join(" | ");
    return `| \`${name}\` | ${allows} | ${marks} | ${routes.map((route) => `\`${route}\``).join(", ")} |`;
  });
  return [
    "# Permissions",
    "",
    "Made from [permissions.ts](../services/gateway/access/permissions.ts); a test holds the two equal, and `UPDATE=1 node_modules/.bin/node test/run.ts permissions-page` writes this anew.",
    "A `*` at the end of a path stands for any rest, as a method for all that no other row names; the longest that fits counts. [access.md](access.md) says the rest.",
    "",
    head,
    line,
    ...rows,
    "",
  ].join("\n");
}
