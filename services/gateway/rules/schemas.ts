// What /api/rules takes and gives.
import { z } from "zod";
import { RuleId } from "#domain/ids.ts";
import { Group, Predicate, RouteTarget, Rule } from "#domain/rules/rule.ts";
import { WrittenGroup, WrittenPredicate, WrittenRule } from "#domain/rules/written-rule.ts";
import { ComparisonResult } from "#domain/submission/comparison.ts";
import { requestSchemas, responseSchemas } from "../http/route-schema.ts";
import { SubmissionToTry } from "./submission-to-try.ts";

for (const schemas of [requestSchemas, responseSchemas]) schemas.add(RouteTarget, { id: "Route" });
requestSchemas.add(WrittenPredicate, { id: "WrittenPredicate" }).add(WrittenGroup, { id: "WrittenGroup" });
responseSchemas.add(Predicate, { id: "Predicate" }).add(Group, { id: "Group" }).add(Rule, { id: "Rule" });

export { Rule as ShownRule };

const MAX_RULES = 2_000;
const version = z.int().nonnegative();
const compiled = {
  version,
  compiled_at: z.iso.datetime(),
  compile_error: z
    .string()
    .optional()
    .meta({ description: "Why the newest set is not in force; the one before it is" }),
};
const reason = z.string().trim().min(1).max(1_000).optional();
const force = z.boolean().optional().meta({ description: "Accepts conflicts" });
const SomeRules = z.array(WrittenRule).max(MAX_RULES);

/** What stands below /api/rules by these names could not be reached as a rule. */
const RESERVED = new Set(["tree", "history", "revert", "check", "evaluate", "backtest", "shadow", "draft"]);
const RESERVED_MESSAGE = "is the name of something else below /api/rules; use another";
export const params = z.object({ id: RuleId.refine((id) => !RESERVED.has(id), RESERVED_MESSAGE) });

export const Rules = z
  .object({ rules: z.array(Rule), ...compiled })
  .register(responseSchemas, { id: "Rules" });
export const OneRule = z.object({ rule: Rule, ...compiled }).register(responseSchemas, { id: "OneRule" });

export const RulesChange = z
  .strictObject({ rules: SomeRules, expected_version: version.optional(), reason, force })
  .superRefine(({ rules }, context) => {
    for (const [at, { id }] of rules.entries())
      if (RESERVED.has(id))
        context.addIssue({ code: "custom", path: ["rules", at, "id"], message: RESERVED_MESSAGE });
  })
  .register(requestSchemas, { id: "RulesChange" });
export const RuleChange = WrittenRule.omit({ id: true })
  .extend({ id: z.unknown().optional().meta({ description: "Ignored: the path has the id" }) })
  .register(requestSchemas, { id: "RuleChange" });
export const HowToChange = z.strictObject({
  expected_version: z.coerce.number().int().nonnegative().optional(),
  reason,
  force: z
    .enum(["true", "false", ""])
    .optional()
    .transform((text) => text === "true" || text === ""),
});

export const Page = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(100) });
export const History = z
  .object({
    items: z.array(
      z.object({
        version,
        at: z.iso.datetime(),
        by: z.string(),
        reason: z.string().optional(),
        changes: z.array(
          z.object({
            rule: z.string(),
            change: z.enum(["added", "changed", "removed", "moved"]),
            before: Rule.optional(),
            after: Rule.optional(),
          }),
        ),
      }),
    ),
  })
  .register(responseSchemas, { id: "RulesHistory" });
export const Revert = z.strictObject({ version: z.int().positive(), reason, force });

export const Tree = z.object({ version, nodes: version, tree: z.looseObject({}) });

export const Check = z.strictObject({ rules: SomeRules }).register(requestSchemas, { id: "RulesToCheck" });
const witness = z.record(z.string(), z.unknown());
const pair = z.object({ rules: z.array(z.string()), witness });
export const Findings = z
  .object({
    conflicts: z.array(pair),
    duplicates: z.array(pair),
    shadowed: z.array(z.object({ rule: z.string(), by: z.array(z.string()), witness })),
    impossible: z.array(z.object({ rule: z.string(), because: z.array(z.looseObject({})) })),
    gaps: z.array(z.object({ witness })),
    gave_up: z.array(z.object({ what: z.string(), because: z.string() })),
    unknown_fields: z
      .array(
        z.object({
          field: z.string(),
          rules: z.array(z.string()),
          did_you_mean: z.string().optional(),
          submissions: z.int().nonnegative().meta({ description: "So many of the newest were looked at" }),
        }),
      )
      .meta({ description: "Fields that no kind of submission names and none of the newest had: a hint" }),
  })
  .register(responseSchemas, { id: "Findings" });

export const COMPARISON_NOTE =
  "Compares where each submission went first with where the draft would have sent it first, with the facts that were recorded. " +
  "What a partner would have answered, and what would have followed from that, can't be replayed.";
export const BACKTEST_NOTE = `${COMPARISON_NOTE} Decisions from before facts were recorded are taken with the payload alone.`;
/** A position may be a number, as JSON has them. */
const when = z.union([z.string().max(40), z.int().nonnegative().transform(String)]).optional();
export const Backtest = z
  .strictObject({
    rules: SomeRules,
    against: z.enum(["past", "in_force"]).default("past").meta({
      description:
        "What the draft is held against, which `now` and `from` tell: where each submission went, or where the rules in force would send it. Then `went` tells where it went, and partners of changed rules are named also with 0",
    }),
    from: when.meta({ description: "A time, or a position of the log" }),
    to: when.meta({ description: "A time, or a position of the log" }),
  })
  .register(requestSchemas, { id: "Backtest" });
const Progress = z.object({
  progress: z
    .object({ done: version, total: version })
    .meta({ description: "Positions of the log that are read, and that are to be read" }),
  note: z.string().optional().meta({ description: "In the first line" }),
});
/** The last line has the result, or says why there is none. */
export const BacktestLine = z
  .union([Progress, z.object({ result: ComparisonResult }), z.object({ error: z.string() })])
  .register(responseSchemas, { id: "BacktestLine" });

export const ShadowRules = z
  .strictObject({ rules: SomeRules })
  .register(requestSchemas, { id: "ShadowRules" });
export const Shadow = ComparisonResult.extend({
  status: z.enum(["compiling", "running", "failed"]),
  since: z.iso.datetime().optional().meta({ description: "Since when it counts" }),
  reason: z.string().optional().meta({ description: "Why it does not compile" }),
  rules: z.array(Rule),
  note: z.string(),
}).register(responseSchemas, { id: "Shadow" });

const revision = z.uuid();
const Draft = z
  .object({
    revision,
    saved_at: z.iso.datetime(),
    base: z
      .object({ version, rules: z.array(Rule) })
      .meta({ description: "What was in force when the draft began" }),
    rules: z.array(Rule),
  })
  .register(responseSchemas, { id: "RulesDraft" });
export const KeptDraft = z
  .object({ draft: Draft.nullable() })
  .register(responseSchemas, { id: "KeptRulesDraft" });
export const DraftToSave = z
  .strictObject({
    base_version: version.meta({ description: "The version of the rules that the draft began from" }),
    rules: SomeRules,
    expected_revision: revision
      .nullable()
      .optional()
      .meta({ description: "The revision that was read last, null where there was no draft" }),
  })
  .register(requestSchemas, { id: "RulesDraftToSave" });
export const SavedDraft = z
  .object({ revision, saved_at: z.iso.datetime() })
  .register(responseSchemas, { id: "SavedRulesDraft" });
export const DraftToDiscard = z.strictObject({ expected_revision: revision.optional() });

export const Evaluate = z
  .strictObject({
    rules: SomeRules.optional(),
    at: when.meta({ description: "A time or a position of the log: with the rules in force then" }),
    submission: SubmissionToTry,
  })
  .register(requestSchemas, { id: "SubmissionToTry" });
const Met = z.object({ field: z.string(), operator: z.string(), expected: z.unknown(), actual: z.unknown() });
const Verdict = z.object({
  rule: z.string(),
  name: z.string().optional().meta({ description: "Of the rule; left out for a source" }),
  matched: z.boolean(),
  because: Met.nullable(),
});
/** Of the rule that matched, each predicate; those that were tried before it have the one that decided. */
export const Explanation = z.array(
  Verdict.extend({
    predicates: z
      .array(
        Met.extend({
          matched: z.boolean(),
          negated: z.literal(true).optional().meta({ description: "It stands below a negated group" }),
        }),
      )
      .optional()
      .meta({ description: "Of the rule that matched: all that it asks. Left out for a source" }),
  }),
);
export const Later = z
  .array(Verdict)
  .meta({ description: "The rules behind the one that decided, and whether each would have matched" });
/** `reason`, and by reason what it rests on. */
export const Others = z.array(z.looseObject({ partner: z.string(), reason: z.string() }));
export const Evaluation = z
  .object({
    rule: z.string().nullable(),
    partner: z.string().nullable(),
    route: RouteTarget.nullable(),
    explanation: Explanation,
    later: Later,
    others: Others,
  })
  .register(responseSchemas, { id: "Evaluation" });
