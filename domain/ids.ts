import { z } from "zod";

// Ids are made only by these schemas, so a lead's id can't be passed where a person's is meant.

/** What a person types: used in subjects and stream names, so no dots, blanks or wildcards. */
const slug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "use lower-case letters, digits, - and _ (at most 63)");

/** What stands in neither, and may be written as people name things. */
const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, "use letters, digits, - and _ (at most 63)");

export const SubmissionId = z.uuid().brand<"SubmissionId">();
export type SubmissionId = z.infer<typeof SubmissionId>;

export const PersonId = z.uuid().brand<"PersonId">();
export type PersonId = z.infer<typeof PersonId>;

export const AliasId = z.uuid().brand<"AliasId">();
export type AliasId = z.infer<typeof AliasId>;

export const DeliveryId = z.uuid().brand<"DeliveryId">();
export type DeliveryId = z.infer<typeof DeliveryId>;

export const PartnerId = slug.brand<"PartnerId">();
export type PartnerId = z.infer<typeof PartnerId>;

export const SourceId = slug.brand<"SourceId">();
export type SourceId = z.infer<typeof SourceId>;

export const RuleId = name.brand<"RuleId">();
export type RuleId = z.infer<typeof RuleId>;

export const RoutingServiceId = slug.brand<"RoutingServiceId">();
export type RoutingServiceId = z.infer<typeof RoutingServiceId>;

export const CampaignId = slug.brand<"CampaignId">();
export type CampaignId = z.infer<typeof CampaignId>;

export const MemberId = z.uuid().brand<"MemberId">();
export type MemberId = z.infer<typeof MemberId>;

export const StepId = name.brand<"StepId">();
export type StepId = z.infer<typeof StepId>;

export const AnalysisServiceId = slug.brand<"AnalysisServiceId">();
export type AnalysisServiceId = z.infer<typeof AnalysisServiceId>;
