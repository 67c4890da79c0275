// /api/rules: what is routed where, how it came to be so, and what would become of a change.
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import { z } from "zod";
import { type PartnerId, RuleId } from "#domain/ids.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { compileRules } from "#domain/rules/compile/compile.ts";
import { RULESET_STREAM } from "#domain/rules/events.ts";
import { explain, whyNot } from "#domain/rules/explain.ts";
import { Rule } from "#domain/rules/rule.ts";
import {
  type ChangeRules,
  edited,
  type RulesEdit,
  type RulesRefusal,
  repeatedIds,
  ruleset,
  targetsOf,
} from "#domain/rules/ruleset.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LiveView } from "#platform/live-view.ts";
import { changes } from "../admin/change.ts";
import { fitting, notFound } from "../admin/scope.ts";
import { Refused, refusal } from "../refusal.ts";
import { type Analysis, AnalysisFailed } from "./analysis.ts";
import { rulesHistory } from "./history.ts";
import { type RulesetState, type RulesetView, rulesetCodec } from "./ruleset-view.ts";
import { shownTree } from "./shown-tree.ts";
import { factsFrom, SubmissionToTry } from "./submission-to-try.ts";

export interface RuleRoutesParts {
  readonly eventStore: EventStore;
  readonly view: RulesetView;
  readonly partners: LiveView<ReadonlyMap<PartnerId, ConfiguredPartner>>;
  readonly analysis: Analysis;
}

const MAX_RULES = 2_000;
const IN_FORCE_MS = 2_000;
const MAX_CHECKS = 5;

const Rules = z.array(Rule).max(MAX_RULES);
const version = z.coerce.number().int().nonnegative().optional();
const OneRule = z.object({ id: RuleId });
const reason = z.string().trim().min(1).max(1_000).optional();
const WholeSet = z.strictObject({
  rules: Rules,
  expected_version: z.int().nonnegative().optional(),
  reason,
  force: z.boolean().optional(),
});
const HowToChange = z.strictObject({
  expected_version: version,
  reason,
  force: z.enum(["true", "false", ""]).optional(),
});
const Revert = z.strictObject({ version: z.int().positive(), reason, force: z.boolean().optional() });
const Check = z.strictObject({ rules: Rules });
const Evaluate = z.strictObject({
  rules: Rules.optional(),
  at: z.string().optional(),
  submission: SubmissionToTry,
});
const Page = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(100) });

interface How {
  readonly expected_version?: number | undefined;
  readonly reason?: string | undefined;
  readonly force?: boolean | undefined;
}

export function ruleRoutes({ eventStore, view, partners, analysis }: RuleRoutesParts): FastifyPluginAsync {
  const change = changes({ eventStore, stream: RULESET_STREAM, codec: rulesetCodec, decider: ruleset, view });
  const history = rulesHistory(eventStore);
  const targets: ChangeRules["targets"] = {
    partnerExists: (id) => partners.current().has(id),
    routingServiceExists: () => false,
  };
  const shown = (): object => {
    const { rules, version: now, compiled } = view.current();
    const failed = compiled.failed === undefined ? {} : { compile_error: compiled.failed };
    return { rules, version: now, compiled_at: compiled.compiled_at, ...failed };
  };

  /** Conflicts are looked for in the set as it will be; when somebody else changes it meanwhile, once more. */
  async function write(reply: FastifyReply, edit: RulesEdit, how: How): Promise<void> {
    const { expected_version, reason: why, force = false } = how;
    for (let tries = 1; ; tries += 1) {
      const checked = force ? undefined : await conflictsAfter(edit, view.current());
      const changed = await change({ edit, expected_version, reason: why, targets, checked });
      if (!("accepted" in changed)) {
        reply.header("x-position", `${changed.position}`);
        await inForce(changed.state.version);
        return;
      }
      if (changed.reason !== "check_again" || tries === MAX_CHECKS) throw refusedBy(changed);
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
    app.get("/api/rules", async () => shown());

    app.get("/api/rules/tree", async () => {
      const { rules, version: now } = view.current();
      const { tree } = compileRules(rules);
      return { version: now, nodes: tree.nodes, tree: shownTree(tree.root) };
    });

    app.get("/api/rules/history", async (request) => {
      const { limit } = fitting(Page, request.query);
      return { items: await history.list(limit) };
    });

    app.get("/api/rules/:id", async (request) => {
      const { id } = fitting(OneRule, request.params);
      const rule = view.current().rules.find((one) => one.id === id);
      if (rule === undefined) throw notFound();
      return rule;
    });

    app.put("/api/rules", async (request, reply) => {
      const { rules, ...how } = fitting(WholeSet, request.body, "unacceptable");
      await write(reply, { type: "replace_all", rules }, how);
      return shown();
    });

    app.put("/api/rules/:id", async (request, reply) => {
      const { id } = fitting(OneRule, request.params);
      const rule = fitting(Rule, { ...(request.body as object), id }, "unacceptable");
      await write(reply, { type: "put", rule }, howOf(request.query));
      return { rule, ...shown() };
    });

    app.delete("/api/rules/:id", async (request, reply) => {
      const { id } = fitting(OneRule, request.params);
      await write(reply, { type: "remove", id }, howOf(request.query));
      return reply.code(204).send();
    });

    app.post("/api/rules/revert", async (request, reply) => {
      const { version: wanted, reason: why, force } = fitting(Revert, request.body);
      const before = await history.byVersion(wanted);
      if (before === undefined)
        throw new Refused(refusal("not_found", { detail: `There is no version ${wanted} of the rules` }));
      const told = why ?? `back to version ${wanted}`;
      await write(reply, { type: "replace_all", rules: before.rules }, { reason: told, force });
      return shown();
    });

    app.post("/api/rules/check", async (request) => {
      const { rules } = fitting(Check, request.body, "unacceptable");
      return analysed(() => analysis.check(rules));
    });

    app.post("/api/rules/evaluate", async (request) => {
      const { rules: draft, at, submission } = fitting(Evaluate, request.body, "unacceptable");
      const { rules } = draft === undefined ? await rulesAt(at) : { rules: draft };
      const facts = factsFrom(submission);
      const explained = explain(rules, facts);
      const partner = explained.route === null ? null : (targetsOf(explained.route)[0]?.partner ?? null);
      return {
        ...explained,
        partner,
        others: whyNot(rules, explained, partner, [...partners.current().keys()]),
      };
    });
  };

  async function rulesAt(at: string | undefined): Promise<{ readonly rules: readonly Rule[] }> {
    if (at === undefined) return view.current();
    return history.at(whenOf(at));
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

function howOf(query: unknown): How {
  const { force, ...how } = fitting(HowToChange, query);
  return { ...how, force: force === "true" || force === "" };
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

function refusedBy(refused: RulesRefusal): Refused {
  switch (refused.reason) {
    case "version_moved":
      return new Refused(
        refusal("version_moved", {
          detail: `The rules are at version ${refused.version} now; look at what changed, and try again with that version`,
        }),
      );
    case "check_again":
      return new Refused(refusal("version_moved", { detail: "The rules change too quickly; try again" }));
    case "no_such_rule":
      return notFound();
    case "flawed":
      return new Refused(refusal("unacceptable", { errors: refused.flaws }));
    case "conflicting":
      return new Refused(
        refusal("unacceptable", {
          detail:
            "Rules of equal priority match the same submissions and lead elsewhere; change one, or use force",
          errors: refused.conflicts.map(({ rules }) => ({
            path: "rules",
            message: `${rules[0]} and ${rules[1]} conflict`,
          })),
          more: { conflicts: refused.conflicts },
        }),
      );
  }
}
