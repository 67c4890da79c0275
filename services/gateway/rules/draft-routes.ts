// /api/rules/draft: the rules as whoever asks would have them, kept for all their browsers until they are published or discarded.
import type { Ruleset } from "#domain/rules/ruleset.ts";
import { personOf } from "../access/person.ts";
import { noContent, type Routes } from "../http/route-schema.ts";
import { Refused, refusal } from "../refusal.ts";
import type { DraftOwner, Drafts } from "./drafts.ts";
import type { RulesHistory } from "./history.ts";
import type { RulesetView } from "./ruleset-view.ts";
import * as schemas from "./schemas.ts";

export interface DraftRoutesParts {
  readonly drafts: Drafts;
  readonly history: RulesHistory;
  readonly view: RulesetView;
}

export function draftRoutes({ drafts, history, view }: DraftRoutesParts): Routes {
  /** What the log holds is pointed at, not kept twice. */
  async function baseOf(version: number): Promise<Ruleset | undefined> {
    const now = view.current();
    if (version === now.version || version === 0) return { version, rules: version === 0 ? [] : now.rules };
    return history.byVersion(version);
  }

  async function moved(owner: DraftOwner): Promise<Refused> {
    const kept = await drafts.of(owner);
    const detail =
      kept === undefined
        ? "The draft was published or discarded meanwhile; save it with expected_revision null to keep it all the same"
        : `The draft was saved elsewhere meanwhile, as revision ${kept.revision}; read it with GET /api/rules/draft, decide which of the two goes on, and repeat this with that revision`;
    return new Refused(refusal("version_moved", { detail, more: { revision: kept?.revision ?? null } }));
  }

  return async (app) => {
    app.get(
      "/api/rules/draft",
      {
        schema: {
          summary: "The own draft of the rules, null where there is none",
          response: { 200: schemas.KeptDraft },
        },
      },
      async (request) => {
        const kept = await drafts.of(personOf(request));
        if (kept === undefined) return { draft: null };
        const { base_version, rules, revision, saved_at } = kept;
        // A log that was restored may end before it: the draft is seen beside what is in force then.
        const { version, rules: before } = (await baseOf(base_version)) ?? view.current();
        const base = { version, rules: [...before] };
        return { draft: { revision, saved_at: saved_at.toISOString(), base, rules: [...rules] } };
      },
    );

    app.put(
      "/api/rules/draft",
      {
        schema: {
          summary: "Keep a draft of the rules, which is used by nothing until it is published",
          body: schemas.DraftToSave,
          response: { 200: schemas.SavedDraft },
          position: false,
          refusals: ["version_moved", "unacceptable"],
        },
      },
      async (request) => {
        const { base_version, rules, expected_revision: expected } = request.body;
        if ((await baseOf(base_version)) === undefined) throw noSuchVersion(base_version);
        const owner = personOf(request);
        const saved = await drafts.save(owner, { base_version, rules, expected });
        if (saved === undefined) throw await moved(owner);
        return { revision: saved.revision, saved_at: saved.saved_at.toISOString() };
      },
    );

    app.delete(
      "/api/rules/draft",
      {
        schema: {
          summary: "Discard the own draft of the rules",
          querystring: schemas.DraftToDiscard,
          response: noContent,
          position: false,
          refusals: ["version_moved"],
        },
      },
      async (request, reply) => {
        const owner = personOf(request);
        if (!(await drafts.discard(owner, request.query.expected_revision))) throw await moved(owner);
        return reply.code(204).send();
      },
    );
  };
}

const noSuchVersion = (version: number): Refused =>
  new Refused(
    refusal("unacceptable", {
      errors: [
        { path: "base_version", message: `is not a version of the rules: there is no ${version} yet` },
      ],
    }),
  );
