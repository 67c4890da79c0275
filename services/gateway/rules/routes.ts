// /api/rules: what is routed where, how it came to be so, and what would become of a change.
import type { FastifyReply } from "fastify";
import { compileRules } from "#domain/rules/compile/compile.ts";
import { explain, whyNot } from "#domain/rules/explain.ts";
import type { Rule } from "#domain/rules/rule.ts";
import {
  type ChangeRules,
  edited,
  type RulesEdit,
  type RulesRefusal,
  repeatedIds,
  targetsOf,
} from "#domain/rules/ruleset.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { changer } from "../admin/change.ts";
import type { PartnersView } from "../admin/configured-partners.ts";
import { notFound } from "../admin/scope.ts";
import { describeScope, noContent, type Routes, zodValidator } from "../http/route-schema.ts";
import { type Refusal, Refused, refusal } from "../refusal.ts";
import { type Analysis, AnalysisFailed } from "./analysis.ts";
import { rulesHistory } from "./history.ts";
import { configuredRules, type RulesetState, type RulesetView } from "./ruleset-view.ts";
import * as schemas from "./schemas.ts";
import { shownTree } from "./shown-tree.ts";
import { factsFrom } from "./submission-to-try.ts";

export interface RuleRoutesParts {
  readonly eventStore: EventStore;
  readonly view: RulesetView;
  readonly partners: PartnersView;
  readonly analysis: Analysis;
}

const IN_FORCE_MS = 2_000;
const MAX_CHECKS = 30;

interface How {
  readonly expected_version?: number | undefined;
  readonly reason?: string | undefined;
  readonly force?: boolean | undefined;
}

export function ruleRoutes({ eventStore, view, partners, analysis }: RuleRoutesParts): Routes {
  const change = changer(eventStore, configuredRules, view, refusalOf);
  const history = rulesHistory(eventStore);
  const targets: ChangeRules["targets"] = {
    partnerExists: (id) => partners.current().has(id),
    routingServiceExists: () => false,
  };
  const shown = () => {
    const { rules, version: now, compiled } = view.current();
    const failed = compiled.failed === undefined ? {} : { compile_error: compiled.failed };
    return { rules, version: now, compiled_at: compiled.compiled_at, ...failed };
  };

  /** Conflicts are looked for in the set as it will be; when somebody else changes it meanwhile, once more. */
  async function write(reply: FastifyReply, edit: RulesEdit, how: How): Promise<void> {
    const { expected_version, reason: why, force = false } = how;
    for (let tries = 1; ; tries += 1) {
      const checked = force ? undefined : await conflictsAfter(edit, view.current());
      try {
        const { version } = await change({ edit, expected_version, reason: why, targets, checked }, reply);
        return await inForce(version);
      } catch (error) {
        if (!(error instanceof CheckAgain)) throw error;
        if (tries === MAX_CHECKS)
          throw new Refused(refusal("version_moved", { detail: "The rules change too quickly; try again" }));
      }
      await view.reached(await eventStore.head(), IN_FORCE_MS).catch(() => undefined);
    }
  }

  async function conflictsAfter(edit: RulesEdit, before: RulesetState): Promise<ChangeRules["checked"]> {
    const after = edited(before.rules, edit) ?? before.rules;
    // A set that names an id twice is refused for that.
    if (repeatedIds(after).length > 0) return undefined;
    return { version: before.version, conflicts: await analysed(() => analysis.conflicts(after)) };
  }

  /** A set that can't be compiled, or is not yet, does not keep anybody waiting. */
  async function inForce(wanted: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, IN_FORCE_MS);
    const look = (): void => {
      const { version: compiled, failed } = view.current().compiled;
      if (compiled >= wanted || failed !== undefined) resolve();
    };
    const forget = view.onChange(look);
    look();
    await promise;
    clearTimeout(timer);
    forget();
  }

  return async (app) => {
    describeScope(app, () => ({ tags: ["Rules"] }));
    app.setValidatorCompiler(zodValidator("unacceptable"));
    const { params } = schemas;

    app.get(
      "/api/rules",
      { schema: { summary: "The rules in force", response: { 200: schemas.Rules } } },
      () => shown(),
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

    app.put(
      "/api/rules",
      {
        schema: {
          summary: "Replace all rules at once",
          body: schemas.RulesChange,
          response: { 200: schemas.Rules },
          refusals: ["version_moved", "unacceptable"],
        },
      },
      async (request, reply) => {
        const { rules, ...how } = request.body;
        await write(reply, { type: "replace_all", rules }, how);
        return shown();
      },
    );

    app.put(
      "/api/rules/:id",
      {
        schema: {
          summary: "Add or replace one rule",
          params,
          querystring: schemas.HowToChange,
          body: schemas.RuleChange,
          response: { 200: schemas.OneRule },
          refusals: ["version_moved", "unacceptable"],
        },
      },
      async (request, reply) => {
        const rule: Rule = { ...request.body, id: request.params.id };
        await write(reply, { type: "put", rule }, request.query);
        const { version, compiled_at } = shown();
        return { rule, version, compiled_at };
      },
    );

    app.delete(
      "/api/rules/:id",
      {
        schema: {
          summary: "Remove one rule",
          params,
          querystring: schemas.HowToChange,
          response: noContent,
          refusals: ["version_moved", "unacceptable"],
        },
      },
      async (request, reply) => {
        await write(reply, { type: "remove", id: request.params.id }, request.query);
        return reply.code(204).send();
      },
    );

    app.post(
      "/api/rules/revert",
      {
        schema: {
          summary: "Make the rules what they were in an earlier version",
          body: schemas.Revert,
          response: { 200: schemas.Rules },
          refusals: ["not_found", "version_moved", "unacceptable"],
        },
      },
      async (request, reply) => {
        const { version, reason = `back to version ${version}`, force } = request.body;
        const before = await history.byVersion(version);
        if (before === undefined)
          throw new Refused(refusal("not_found", { detail: `There is no version ${version} of the rules` }));
        await write(reply, { type: "replace_all", rules: before.rules }, { reason, force });
        return shown();
      },
    );

    app.post(
      "/api/rules/check",
      {
        schema: {
          summary: "What people would not see in these rules, each with a submission that shows it",
          body: schemas.Check,
          response: { 200: schemas.Findings },
          position: false,
          refusals: ["unacceptable"],
        },
      },
      (request) => analysed(() => analysis.check(request.body.rules)),
    );

    app.post(
      "/api/rules/evaluate",
      {
        schema: {
          summary: "Where the rules would send a submission, and why",
          body: schemas.Evaluate,
          response: { 200: schemas.Evaluation },
          position: false,
          refusals: ["unacceptable"],
        },
      },
      async (request) => {
        const { rules: draft, at, submission } = request.body;
        const when = at === undefined ? undefined : whenOf(at);
        const { rules } = draft === undefined ? await rulesAt(when) : { rules: draft };
        const known = when === undefined ? [...partners.current().keys()] : await history.partnersAt(when);
        const explained = explain(rules, factsFrom(submission));
        const partner = explained.route === null ? null : (targetsOf(explained.route)[0]?.partner ?? null);
        return { ...explained, partner, others: whyNot(rules, explained, { partner }, known) };
      },
    );
  };

  async function rulesAt(when: Date | bigint | undefined): Promise<{ readonly rules: readonly Rule[] }> {
    return when === undefined ? view.current() : history.at(when);
  }
}

function whenOf(text: string): Date | bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new Refused(
    refusal("invalid", { errors: [{ path: "at", message: "is neither a time nor a position of the log" }] }),
  );
}

async function analysed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AnalysisFailed)) throw error;
    const detail =
      "The rules are too many or too entangled to be checked in time; simplify them, or use force";
    throw new Refused(refusal("unacceptable", { detail }));
  }
}

/** The set that was checked is not the newest any more. */
class CheckAgain extends Error {
  override name = "CheckAgain";
}

function refusalOf(refused: RulesRefusal): Refusal {
  switch (refused.reason) {
    case "version_moved":
      return refusal("version_moved", {
        detail: `The rules are at version ${refused.version} now; look at what changed, and try again with that version`,
      });
    case "check_again":
      throw new CheckAgain();
    case "no_such_rule":
      return refusal("not_found");
    case "flawed":
      return refusal("unacceptable", { errors: refused.flaws });
    case "conflicting":
      return refusal("unacceptable", {
        detail:
          "Rules of equal priority match the same submissions and lead elsewhere; change one, or use force",
        errors: refused.conflicts.map(({ rules }) => ({
          path: "rules",
          message: `${rules[0]} and ${rules[1]} conflict`,
        })),
        more: { conflicts: refused.conflicts },
      });
  }
}
