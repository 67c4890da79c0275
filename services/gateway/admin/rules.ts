// /api/rules: what is routed where, and in which order it is asked.
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import { z } from "zod";
import { type PartnerId, RuleId } from "#domain/ids.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { RULESET_STREAM } from "#domain/rules/events.ts";
import { Rule } from "#domain/rules/rule.ts";
import { type ChangeRules, type RulesRefusal, ruleset } from "#domain/rules/ruleset.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LiveView } from "#platform/live-view.ts";
import { Refused, refusal } from "../refusal.ts";
import { changes } from "./change.ts";
import { type RulesetView, rulesetCodec } from "./ruleset-view.ts";
import { fitting, notFound } from "./scope.ts";

export interface RuleRoutesParts {
  readonly eventStore: EventStore;
  readonly view: RulesetView;
  readonly partners: LiveView<ReadonlyMap<PartnerId, ConfiguredPartner>>;
}

const MAX_RULES = 2_000;
const OneRule = z.object({ id: RuleId });
const WholeSet = z.object({
  rules: z.array(Rule).max(MAX_RULES),
  expected_version: z.int().nonnegative().optional(),
});

export function ruleRoutes({ eventStore, view, partners }: RuleRoutesParts): FastifyPluginAsync {
  const change = changes({ eventStore, stream: RULESET_STREAM, codec: rulesetCodec, decider: ruleset, view });
  const partnerExists: ChangeRules["partnerExists"] = (id) => partners.current().has(id);

  async function write(reply: FastifyReply, command: ChangeRules): Promise<void> {
    const changed = await change(command);
    if ("accepted" in changed) throw refusedBy(changed);
    reply.header("x-position", `${changed.position}`);
  }

  return async (app) => {
    app.get("/api/rules", async () => view.current());

    app.get("/api/rules/:id", async (request) => {
      const { id } = fitting(OneRule, request.params);
      const rule = view.current().rules.find((one) => one.id === id);
      if (rule === undefined) throw notFound();
      return rule;
    });

    app.put("/api/rules", async (request, reply) => {
      const { rules, expected_version } = fitting(WholeSet, request.body, "unacceptable");
      const expected = expected_version === undefined ? {} : { expected_version };
      await write(reply, { type: "replace_all", rules, ...expected, partnerExists });
      return view.current();
    });

    app.put("/api/rules/:id", async (request, reply) => {
      const { id } = fitting(OneRule, request.params);
      const rule = fitting(Rule, { ...(request.body as object), id }, "unacceptable");
      await write(reply, { type: "put", rule, partnerExists });
      return { rule, version: view.current().version, compiled_at: view.current().compiled_at };
    });

    app.delete("/api/rules/:id", async (request, reply) => {
      await write(reply, { type: "remove", id: fitting(OneRule, request.params).id, partnerExists });
      return reply.code(204).send();
    });
  };
}

function refusedBy(refused: RulesRefusal): Refused {
  switch (refused.reason) {
    case "version_moved":
      return new Refused(refusal("version_moved"));
    case "no_such_rule":
      return notFound();
    case "flawed":
      return new Refused(refusal("unacceptable", { errors: refused.flaws }));
  }
}
