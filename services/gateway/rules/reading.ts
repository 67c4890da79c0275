// GET below /api/rules: the rules as they are, as a tree, and as they were.
import { compileRules } from "#domain/rules/compile/compile.ts";
import { notFound } from "../admin/scope.ts";
import type { Routes } from "../http/route-schema.ts";
import type { RulesHistory } from "./history.ts";
import type { RulesetView } from "./ruleset-view.ts";
import * as schemas from "./schemas.ts";
import { shownTree } from "./shown-tree.ts";

export interface ReadingParts {
  readonly view: RulesetView;
  readonly history: RulesHistory;
}

/** The rules as every response shows them. */
export function shownRules(view: RulesetView) {
  const { rules, version, compiled } = view.current();
  const failed = compiled.failed === undefined ? {} : { compile_error: compiled.failed };
  return { rules, version, compiled_at: compiled.compiled_at, ...failed };
}

export function readingRoutes({ view, history }: ReadingParts): Routes {
  return async (app) => {
    const { params } = schemas;

    app.get(
      "/api/rules",
      { schema: { summary: "The rules in force", response: { 200: schemas.Rules } } },
      () => shownRules(view),
    );

    app.get(
      "/api/rules/tree",
      { schema: { summary: "The rules as the tree that decides", response: { 200: schemas.Tree } } },
      () => {
        const { rules, version } = view.current();
        const { tree } = compileRules(rules);
        return { version, nodes: tree.nodes, tree: shownTree(tree.root) };
      },
    );

    app.get(
      "/api/rules/history",
      {
        schema: {
          summary: "Each version: who made it, when, why, and what it changed; the newest first",
          querystring: schemas.Page,
          response: { 200: schemas.History },
        },
      },
      async (request) => ({ items: await history.list(request.query.limit) }),
    );

    app.get(
      "/api/rules/:id",
      { schema: { summary: "One rule", params, response: { 200: schemas.ShownRule } } },
      async (request) => {
        const rule = view.current().rules.find(({ id }) => id === request.params.id);
        if (rule === undefined) throw notFound();
        return rule;
      },
    );
  };
}
