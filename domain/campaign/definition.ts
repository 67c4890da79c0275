import { z } from "zod";
import { AnalysisServiceId, PartnerId, StepId } from "../ids.ts";
import { DAYS_OF_WEEK } from "../partner/schedule.ts";
import { WrittenGroup } from "../rules/written-rule.ts";
import { Kind } from "../submission/events.ts";

// A campaign as people write it: the steps that its members go through, one after the other unless a step says otherwise.

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_WAIT_MS = 366 * UNITS.d;

export function msOf(duration: string): number {
  const [, count, unit] = /^(\d{1,8})([smhd])$/.exec(duration) ?? [];
  return count === undefined ? Number.NaN : Number(count) * UNITS[unit as keyof typeof UNITS];
}

const Duration = z
  .string()
  .refine((text) => !Number.isNaN(msOf(text)), "is no duration: use a number and s, m, h or d, like 48h")
  .refine((text) => !(msOf(text) > MAX_WAIT_MS), "is longer than a year");

const id = StepId.meta({ title: "Step id" });
const next = StepId.optional().meta({
  description: "Left out: the step that follows, after the last the end",
});
const Templates = z.record(z.string(), z.unknown());

const SendStep = z.strictObject({
  id,
  type: z.literal("send"),
  next,
  partner: PartnerId,
  template: z
    .union([z.string().min(1), Templates])
    .optional()
    .meta({ description: "A text, or fields such as subject and text; templates over the member" }),
});
const WaitStep = z.strictObject({
  id,
  type: z.literal("wait"),
  next,
  for: Duration.optional().meta({ description: "Like 48h: a number and s, m, h or d" }),
  until: z.iso.datetime({ offset: true }).optional(),
  on_reply: StepId.optional().meta({ description: "Where a reply leads, which ends the wait at once" }),
});
const AnalyzeStep = z.strictObject({
  id,
  type: z.literal("analyze"),
  next,
  service: AnalysisServiceId,
});
const BranchStep = z.strictObject({
  id,
  type: z.literal("branch"),
  cases: z
    .array(z.strictObject({ when: WrittenGroup, next: StepId }).meta({ title: "Case" }))
    .min(1)
    .max(100),
  otherwise: StepId,
});
const SubmitStep = z.strictObject({
  id,
  type: z.literal("submit"),
  next,
  kind: Kind,
  fields: Templates.meta({ description: "Templates over the member" }),
});
const EndStep = z.strictObject({ id, type: z.literal("end") });

export const Step = z.discriminatedUnion("type", [
  SendStep,
  WaitStep,
  AnalyzeStep,
  BranchStep,
  SubmitStep,
  EndStep,
]);
export type Step = z.infer<typeof Step>;
export type StepOf<Type extends Step["type"]> = Extract<Step, { type: Type }>;

export const Quiet = z.strictObject({
  time_zone: z.string().min(1),
  hours: z
    .array(
      z
        .strictObject({
          days: z
            .array(z.string().meta({ examples: DAYS_OF_WEEK }))
            .min(1)
            .meta({ description: DAYS_OF_WEEK.join(", ") }),
          from: z.string().meta({ description: "Like 20:00" }),
          to: z.string().meta({ description: "Like 08:00; earlier than from is on the next day" }),
        })
        .meta({ title: "Window" }),
    )
    .min(1),
});
export type Quiet = z.infer<typeof Quiet>;

const MAX_STEPS = 100;

export const CampaignDefinition = z.strictObject({
  name: z.string().trim().min(1).max(200),
  steps: z.array(Step).min(1).max(MAX_STEPS),
  concurrency: z
    .int()
    .positive()
    .max(10_000)
    .default(20)
    .meta({ description: "Members that are worked on at the same time, over all processes" }),
  rate: z
    .strictObject({ per_second: z.number().positive().max(100_000) })
    .optional()
    .meta({ description: "Sends that begin in a second, over all processes" }),
  quiet: Quiet.optional().meta({ description: "Hours in which nothing is sent" }),
});
export type CampaignDefinition = z.infer<typeof CampaignDefinition>;

export function stepOf({ steps }: Pick<CampaignDefinition, "steps">, id: string): Step | undefined {
  return steps.find((step) => step.id === id);
}

/** Where a step leads that is simply over; undefined where that is the end. */
export function after({ steps }: Pick<CampaignDefinition, "steps">, step: Step): StepId | undefined {
  if (step.type === "end" || step.type === "branch") return undefined;
  return step.next ?? steps[steps.indexOf(step) + 1]?.id;
}
