// /api/rules/shadow: rules beside those in force, that are never used, and what they would have decided.
import type { ChangeRules } from "#domain/rules/ruleset.ts";
import {
  SHADOW_STREAM,
  type Shadow,
  type ShadowRefusal,
  shadow,
  shadowEvents,
} from "#domain/rules/shadow.ts";
import { Comparison } from "#domain/submission/comparison.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";
import type { ShadowQueries } from "#projections/shadow/query.ts";
import { changer } from "../admin/change.ts";
import { notFound } from "../admin/scope.ts";
import { follow } from "../configuration.ts";
import { noContent, type Routes } from "../http/route-schema.ts";
import { type Refusal, refusal } from "../refusal.ts";
import * as schemas from "./schemas.ts";

export type ShadowView = LiveView<Shadow>;

export interface ShadowParts {
  readonly eventStore: EventStore;
  readonly shadowView: ShadowView;
  readonly queries: ShadowQueries;
  readonly targets: ChangeRules["targets"];
}

const configuredShadow = {
  name: "shadow",
  stream: SHADOW_STREAM,
  codec: createCodec(shadowEvents),
  decider: shadow,
};

export const followShadow = (yard: Yard): Promise<ShadowView> =>
  follow(yard, configuredShadow, (state: Shadow) => state);

export function shadowRoutes({ eventStore, shadowView, queries, targets }: ShadowParts): Routes {
  const change = changer(eventStore, configuredShadow, shadowView, refusalOf);

  async function shown() {
    const { version, rules, status, since, reason } = shadowView.current();
    if (status === "none") throw notFound();
    const counts = (await queries.counts(version)) ?? new Comparison().result();
    const more = { ...(since !== undefined && { since }), ...(reason !== undefined && { reason }) };
    return { ...counts, status, ...more, rules: [...rules], note: schemas.COMPARISON_NOTE };
  }

  return async (app) => {
    app.put(
      "/api/rules/shadow",
      {
        schema: {
          summary: "Evaluate a draft beside the rules in force, without using it",
          body: schemas.ShadowRules,
          response: { 200: schemas.Shadow },
          refusals: ["unacceptable"],
        },
      },
      async (request, reply) => {
        await change({ type: "start", rules: request.body.rules, targets }, reply);
        return shown();
      },
    );

    app.get(
      "/api/rules/shadow",
      {
        schema: {
          summary: "What the draft beside the rules would have decided so far",
          response: { 200: schemas.Shadow },
          refusals: ["not_found"],
        },
      },
      shown,
    );

    app.delete(
      "/api/rules/shadow",
      {
        schema: {
          summary: "End the evaluation of a draft beside the rules",
          response: noContent,
          refusals: ["not_found"],
        },
      },
      async (_request, reply) => {
        await change({ type: "end" }, reply);
        return reply.code(204).send();
      },
    );
  };
}

function refusalOf(refused: ShadowRefusal): Refusal {
  switch (refused.reason) {
    case "no_shadow":
    case "already_compiled":
      return refusal("not_found");
    case "flawed":
      return refusal("unacceptable", { errors: refused.flaws });
  }
}
