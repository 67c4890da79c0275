// /api/rules: what is routed where, and in which order.
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { RuleId } from "#domain/ids.ts";
import { Group, Predicate, RouteTarget, Rule } from "#domain/rules/rule.ts";
import type { ChangeRules, RulesRefusal } from "#domain/rules/ruleset.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { changer } from "../configuration.ts";
import {
  describeScope,
  noContent,
  type Routes,
  requestSchemas,
  responseSchemas,
  zodValidator,
} from "../http/route-schema.ts";
import { Refused, refusal } from "../refusal.ts";
import type { PartnersView } from "./configured-partners.ts";
import { configuredRules, type RulesetView } from "./ruleset-view.ts";
import { notFound } from "./scope.ts";

export interface RuleRoutesParts {
  readonly eventStore: EventStore;
  readonly view: RulesetView;
  readonly partners: PartnersView;
}

for (const schemas of [requestSchemas, responseSchemas])
  schemas.add(Predicate, { id: "Predicate" }).add(Group, { id: "Group" }).add(RouteTarget, { id: "Route" });
responseSchemas.add(Rule, { id: "Rule" });

const MAX_RULES = 2_000;
const version = z.int().nonnegative();
const compiled = { version, compiled_at: z.iso.datetime() };
export const Rules = z
  .object({ rules: z.array(Rule), ...compiled })
  .register(responseSchemas, { id: "Rules" });
export const OneRule = z.object({ rule: Rule, ...compiled }).register(responseSchemas, { id: "OneRule" });
const RulesChange = z
  .object({ rules: z.array(Rule).max(MAX_RULES), expected_version: version.optional() })
  .register(requestSchemas, { id: "RulesChange" });
const RuleChange = Rule.omit({ id: true })
  .extend({ id: z.unknown().optional().meta({ description: "Ignored: the path has the id" }) })
  .register(requestSchemas, { id: "RuleChange" });
const params = z.object({ id: RuleId });

export function ruleRoutes({ eventStore, view, partners }: RuleRoutesParts): Routes {
  const change = changer(eventStore, configuredRules, view);
  const partnerExists: ChangeRules["partnerExists"] = (id) => partners.current().has(id);

  async function write(reply: FastifyReply, command: ChangeRules): Promise<void> {
    const changed = await change(command);
    if ("accepted" in changed) throw refusedBy(changed);
    reply.header("x-position", `${changed.position}`);
  }

  return async (app) => {
    describeScope(app, () => ({ tags: ["Rules"] }));
    app.setValidatorCompiler(zodValidator("unacceptable"));

    app.get("/api/rules", { schema: { summary: "The rules in force", response: { 200: Rules } } }, () =>
      view.current(),
    );

    app.get(
      "/api/rules/:id",
      { schema: { summary: "One rule", params, response: { 200: Rule } } },
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
          body: RulesChange,
          response: { 200: Rules },
          refusals: ["version_moved", "unacceptable"],
        },
      },
      async (request, reply) => {
        const { rules, expected_version } = request.body;
        const expected = expected_version === undefined ? {} : { expected_version };
        await write(reply, { type: "replace_all", rules, ...expected, partnerExists });
        return view.current();
      },
    );

    app.put(
      "/api/rules/:id",
      {
        schema: {
          summary: "Add or replace one rule",
          params,
          body: RuleChange,
          response: { 200: OneRule },
          refusals: ["unacceptable"],
        },
      },
      async (request, reply) => {
        const rule: Rule = { ...request.body, id: request.params.id };
        await write(reply, { type: "put", rule, partnerExists });
        const { version, compiled_at } = view.current();
        return { rule, version, compiled_at };
      },
    );

    app.delete(
      "/api/rules/:id",
      { schema: { summary: "Remove one rule", params, response: noContent } },
      async (request, reply) => {
        await write(reply, { type: "remove", id: request.params.id, partnerExists });
        return reply.code(204).send();
      },
    );
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
