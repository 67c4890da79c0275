// What would become of rules: the check of a draft, and a submission tried on a draft, on the rules in force or on those of another time.
import { unknownFields } from "#domain/rules/check/unknown-fields.ts";
import { explain, whyNot } from "#domain/rules/explain.ts";
import type { Rule } from "#domain/rules/rule.ts";
import { targetsOf } from "#domain/rules/ruleset.ts";
import type { PartnersView } from "../admin/configured-partners.ts";
import type { Routes } from "../http/route-schema.ts";
import { type Analysis, analysed } from "./analysis.ts";
import type { RulesHistory } from "./history.ts";
import type { RecentFields } from "./recent-fields.ts";
import type { RulesetView } from "./ruleset-view.ts";
import * as schemas from "./schemas.ts";
import { factsFrom } from "./submission-to-try.ts";
import { whenOf } from "./when.ts";

export interface TryingParts {
  readonly view: RulesetView;
  readonly partners: PartnersView;
  readonly history: RulesHistory;
  readonly analysis: Analysis;
  readonly recentFields: () => Promise<RecentFields>;
}

export function tryingRoutes({ view, partners, history, analysis, recentFields }: TryingParts): Routes {
  async function rulesAt(when: Date | bigint | undefined): Promise<{ readonly rules: readonly Rule[] }> {
    return when === undefined ? view.current() : history.at(when);
  }

  return async (app) => {
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
      async (request) => {
        const { rules } = request.body;
        // A hint only: where the read model is away, the check goes on without it.
        const recent = await recentFields().catch(() => undefined);
        const found = await analysed(() => analysis.check(rules));
        const unknown = recent === undefined ? [] : unknownFields(rules, recent.known);
        return {
          ...found,
          unknown_fields: unknown.map((one) => ({ ...one, submissions: recent?.submissions ?? 0 })),
        };
      },
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
        const when = at === undefined ? undefined : whenOf(at, "at");
        const { rules } = draft === undefined ? await rulesAt(when) : { rules: draft };
        const known = when === undefined ? [...partners.current().keys()] : await history.partnersAt(when);
        const explained = explain(rules, factsFrom(submission));
        const partner = explained.route === null ? null : (targetsOf(explained.route)[0]?.partner ?? null);
        return { ...explained, partner, others: whyNot(rules, explained, { partner }, known) };
      },
    );
  };
}
