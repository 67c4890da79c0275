// The walls between the rooms. test/walls.test.ts plants one violation per rule and sees it caught.
const test = "[.]test[.]ts$|/fixtures/";

export default {
  forbidden: [
    {
      name: "domain-is-pure",
      comment: "The domain imports itself, zod and xstate; no I/O can be reached from it.",
      severity: "error",
      from: { path: "^domain/", pathNot: test },
      to: { pathNot: "^domain/|^node_modules/(zod|xstate)/" },
    },
    {
      name: "platform-knows-no-domain",
      comment: "The platform serves every room, so it may not know what any of them is about.",
      severity: "error",
      from: { path: "^platform/", pathNot: test },
      to: { path: "^(domain|services|projections|deploy|test)/" },
    },
    {
      name: "services-do-not-import-each-other",
      comment:
        "Roles talk over the bus and the log; only the composition root services/main.ts sees several.",
      severity: "error",
      from: { path: "^services/([^/]+)/", pathNot: test },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "projections-read-events-only",
      comment: "A projection is derived from domain events; it knows no service and no other projection.",
      severity: "error",
      from: { path: "^projections/([^/]+)/", pathNot: test },
      to: { path: "^(services|deploy|projections)/", pathNot: "^projections/($1/|[^/]+\\.ts$)" },
    },
    {
      name: "only-readers-import-queries",
      comment:
        "Only the gateway, the console, the reconciler inside the relay and the timers read the read models.",
      severity: "error",
      from: { path: "^services/", pathNot: `^services/(gateway|console|relay|timers|projections)/|${test}` },
      to: { path: "^projections/" },
    },
    {
      name: "console-talks-over-the-api",
      comment:
        "The console runs in a browser: of the rest it may import types, and of the domain what rules mean, which is pure.",
      severity: "error",
      from: { path: "^console/", pathNot: test },
      to: {
        path: "^(domain|services|projections|platform|deploy|test)/",
        pathNot: "^domain/rules/(evaluate|fold|ruleset)[.]ts$",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "nobody-imports-the-console",
      comment: "It is built into files; nothing else knows its sources.",
      severity: "error",
      from: { pathNot: "^console/" },
      to: { path: "^console/" },
    },
    {
      name: "nobody-imports-deploy",
      comment: "How the yard is started is known to those who start it alone.",
      severity: "error",
      from: { pathNot: "^deploy/" },
      to: { path: "^deploy/" },
    },
    {
      name: "production-does-not-import-tests",
      severity: "error",
      from: { path: "^(domain|services|projections|platform|deploy|console)/", pathNot: test },
      to: { path: "^test/|\\.test\\.ts$" },
    },
    {
      name: "k6-scripts-stand-alone",
      comment:
        "k6 has modules of its own and none of Node's, so its scripts import nothing of ours or from npm.",
      severity: "error",
      from: { path: "^k6/" },
      to: { pathNot: "^k6/|^node_modules/@types/k6/" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "everything-resolves", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(coverage|reports|\\.data|console/dist)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    builtInModules: { add: ["node:sqlite"] },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
