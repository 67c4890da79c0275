// Changes of the rules: refused with what is wrong or with conflicts, and told as done when they are in force.
import type { FastifyReply } from "fastify";
import type { Rule } from "#domain/rules/rule.ts";
import {
  type ChangeRules,
  edited,
  type RulesEdit,
  type RulesRefusal,
  repeatedIds,
} from "#domain/rules/ruleset.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { changer } from "../admin/change.ts";
import { noContent, type Routes } from "../http/route-schema.ts";
import { type Refusal, Refused, refusal } from "../refusal.ts";
import { type Analysis, analysed } from "./analysis.ts";
import type { RulesHistory } from "./history.ts";
import { shownRules } from "./reading.ts";
import { configuredRules, type RulesetState, type RulesetView } from "./ruleset-view.ts";
import * as schemas from "./schemas.ts";

export interface ChangingParts {
  readonly eventStore: EventStore;
  readonly view: RulesetView;
  readonly history: RulesHistory;
  readonly targets: ChangeRules["targets"];
  readonly analysis: Analysis;
}

const IN_FORCE_MS = 2_000;
const MAX_CHECKS = 30;

interface How {
  readonly expected_version?: number | undefined;
  readonly reason?: string | undefined;
  readonly force?: boolean | undefined;
}

export function changingRoutes({ eventStore, view, history, targets, analysis }: ChangingParts): Routes {
  const change = changer(eventStore, configuredRules, view, refusalOf);
  const shown = () => shownRules(view);

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
      await seeNewest();
    }
  }

  /** A view hears of its own stream alone, so it is asked for the end of that, not of the log. */
  async function seeNewest(): Promise<void> {
    const [newest] = await eventStore.readStreamBackwards(configuredRules.stream, 1);
    if (newest !== undefined) await view.reached(newest.position, IN_FORCE_MS).catch(() => undefined);
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
    const { params } = schemas;

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
  };
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
          "Rules of equal priority match the same submissions and lead elsewhere, by this change or from before; change one, or accept that with force: true in the body, or ?force=true where the path names a rule",
        errors: refused.conflicts.map(({ rules }) => ({
          path: "rules",
          message: `${rules[0]} and ${rules[1]} conflict`,
        })),
        more: { conflicts: refused.conflicts },
      });
  }
}
