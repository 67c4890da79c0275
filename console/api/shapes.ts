// What the API gives, by the very schemas that it answers with.
import type {} from "@fastify/swagger";
import type { z } from "zod";
import type { Rule as StoredRule } from "#domain/rules/rule.ts";
import type { Partner as PartnerSchema } from "../../services/gateway/admin/shown-partner.ts";
import type { MoveRequestsShown } from "../../services/gateway/dead-letters/move-routes.ts";
import type { DeadLetterCauses, DeadLetters } from "../../services/gateway/dead-letters/routes.ts";
import type { LeadDecision } from "../../services/gateway/reading/decision.ts";
import type { Leads, Timeline } from "../../services/gateway/reading/leads.ts";
import type {
  Evaluation as EvaluationSchema,
  Findings as FindingsSchema,
  History,
  KeptDraft,
  Rules,
} from "../../services/gateway/rules/schemas.ts";

/** As JSON brings it: an id is a text like any other until the server has checked it. */
export type Plain<T> = T extends string & z.core.$brand
  ? string
  : T extends readonly (infer One)[]
    ? readonly Plain<One>[]
    : T extends object
      ? { readonly [Key in keyof T]: Plain<T[Key]> }
      : T;

export type Rule = Plain<StoredRule>;
export type Route = Rule["route"];
export type RuleSet = Plain<z.infer<typeof Rules>>;
export type RuleVersion = Plain<z.infer<typeof History>>["items"][number];
export type KeptRulesDraft = Plain<z.infer<typeof KeptDraft>>;
export type Findings = Plain<z.infer<typeof FindingsSchema>>;
export type Evaluation = Plain<z.infer<typeof EvaluationSchema>>;
export type Partner = Plain<z.infer<typeof PartnerSchema>>;
export type LeadPage = Plain<z.infer<typeof Leads>>;
export type Lead = LeadPage["items"][number];
export type TimelineItem = Plain<z.infer<typeof Timeline>>["items"][number];
export type Decision = Plain<z.infer<typeof LeadDecision>>;
export type DeadLetterPage = Plain<z.infer<typeof DeadLetters>>;
export type DeadLetterCause = Plain<z.infer<typeof DeadLetterCauses>>["items"][number];
export type DeadLetterMove = Plain<z.infer<typeof MoveRequestsShown>>["items"][number];
export type DeadLetter = DeadLetterPage["items"][number];
