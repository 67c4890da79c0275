// /api/rules: what decides where a submission goes.
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import { z } from "zod";
import { accept, type Decision, refuse } from "#domain/event.ts";
import { RuleId } from "#domain/ids.ts";
import { RULESET_STREAM, type RulesetEvent } from "#domain/rules/events.ts";
import { Rule } from "#domain/rules/rule.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LiveView } from "#platform/live-view.ts";
import { type Flaw, Refused, refusal } from "../refusal.ts";
import { createDesk } from "./desk.ts";
import type { PartnerBook } from "./partner-book.ts";
import { evolve, noRules, type Ruleset, type RulesetView, rulesetCodec, targetsOf } from "./ruleset-view.ts";
import { fitting, notFound } from "./scope.ts";

export interface RuleRoutesParts {
  readonly eventStore: EventStore;
  readonly view: RulesetView;
  readonly partners: LiveView<PartnerBook>;
}

const MOST_RULES = 2_000;
const OneRule = z.object({ id: RuleId });
const WholeSet = z.object({
  rules: z.array(Rule).max(MOST_RULES),
  expected_version: z.int().nonnegative().optional(),
});

type ChangeReason = "version_moved" | "no_such_rule";

/** What a change makes of the rules there are. */
type Change = (before: Ruleset) => readonly Rule[] | ChangeReason;

export function ruleRoutes({ eventStore, view, partners }: RuleRoutesParts): FastifyPluginAsync {
  const desk = createDesk({
    eventStore,
    codec: rulesetCodec,
    evolve,
    initial: noRules,
    view,
    newestTellsAll: true,
  });

  async function write(reply: FastifyReply, change: Change): Promise<void> {
    const written = await desk.write(RULESET_STREAM, (before) => decide(change, before));
    if (!written.done) {
      throw written.reason === "no_such_rule" ? notFound() : new Refused(refusal(written.reason));
    }
    reply.header("x-position", `${written.position}`);
  }

  function refuseUnknownTargets(flaws: readonly Flaw[]): void {
    if (flaws.length > 0) throw new Refused(refusal("unacceptable", { errors: flaws }));
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
      const book = partners.current();
      refuseUnknownTargets([
        ...repeatedIds(rules),
        ...rules.flatMap((rule, at) => unknownTargets(rule, book, `rules.${at}.`)),
      ]);
      await write(reply, ({ version }) =>
        expected_version !== undefined && expected_version !== version ? "version_moved" : rules,
      );
      return view.current();
    });

    app.put("/api/rules/:id", async (request, reply) => {
      const { id } = fitting(OneRule, request.params);
      const rule = fitting(Rule, { ...(request.body as object), id }, "unacceptable");
      refuseUnknownTargets(unknownTargets(rule, partners.current(), ""));
      await write(reply, ({ rules }) =>
        rules.some((one) => one.id === id)
          ? rules.map((one) => (one.id === id ? rule : one))
          : [...rules, rule],
      );
      return { rule, version: view.current().version, compiled_at: view.current().compiled_at };
    });

    app.delete("/api/rules/:id", async (request, reply) => {
      const { id } = fitting(OneRule, request.params);
      await write(reply, ({ rules }) =>
        rules.some((one) => one.id === id) ? rules.filter((one) => one.id !== id) : "no_such_rule",
      );
      return reply.code(204).send();
    });
  };
}

function decide(change: Change, before: Ruleset): Decision<RulesetEvent, ChangeReason> {
  const after = change(before);
  if (typeof after === "string") return refuse(after);
  return accept({ type: "RulesetChanged", data: { version: before.version + 1, rules: [...after] } });
}

function unknownTargets({ route }: Rule, book: PartnerBook, prefix: string): Flaw[] {
  // Nothing can be asked yet, so nobody can be routed by asking.
  if ("ask" in route) return [{ path: `${prefix}route.ask`, message: "there is no such routing service" }];
  return targetsOf(route)
    .filter(({ partner }) => !book.has(partner))
    .map(({ path }) => ({ path: `${prefix}route.${path}`, message: "there is no such partner" }));
}

function repeatedIds(rules: readonly Rule[]): Flaw[] {
  const seen = new Set<string>();
  return rules.flatMap(({ id }, at) => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [{ path: `rules.${at}.id`, message: "is used by an earlier rule" }];
  });
}
