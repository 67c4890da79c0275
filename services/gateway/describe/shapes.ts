// The shapes of requests and answers by the names that the API's description gives them.
import { z } from "zod";
import { PartnerId, PersonId, RuleId, SourceId } from "#domain/ids.ts";
import { PartnerConfig } from "#domain/partner/config.ts";
import { HttpDelivery } from "#domain/partner/delivery-config.ts";
import { HIDDEN } from "#domain/partner/secrets.ts";
import { Group, Predicate, RouteTarget, Rule } from "#domain/rules/rule.ts";
import { SourceSettings } from "#domain/source/events.ts";
import { Kind } from "#domain/submission/events.ts";
import { DeliveryChange, PartnerChange } from "../admin/partner-change.ts";
import { BatchLine } from "../intake/batch-line.ts";
import { CloudEvent } from "../intake/cloud-events.ts";
import { AssistanceBody, EventBody, LeadBody } from "../intake/kinds.ts";
import { LeadStatus } from "../reading/leads.ts";

const position = z.string().regex(/^\d+$/);
const count = z.int().nonnegative();

const Flaw = z.object({ path: z.string(), message: z.string() });
const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(Flaw).optional(),
    retry_after: z.int().optional().meta({ description: "Seconds, as the header `retry-after` says" }),
  })
  .meta({ description: "RFC 9457 problem details; `errors` say where the input is wrong" });

const Accepted = z.object({
  id: z.uuid(),
  outcome: z.literal("accepted"),
  href: z.string(),
  duplicate: z.literal(true).optional().meta({ description: "It was taken in before, with the same body" }),
});
const Ended = z.object({
  id: z.uuid(),
  outcome: z.enum(["success", "failure", "error"]),
  reason: z.string().optional(),
  partner: z.string().optional(),
  price: z.number().optional(),
});
const BatchAnswer = z.object({
  line: z.int().positive(),
  key: z.string().optional(),
  status: z.int(),
  position: position.optional().meta({ description: "What `x-position` says elsewhere" }),
  ...Accepted.partial().shape,
  ...Problem.omit({ status: true }).partial().shape,
});

const Lead = z.object({
  id: z.uuid(),
  kind: Kind,
  source: z.string(),
  status: LeadStatus,
  person_id: z.uuid().optional(),
  alias_id: z.uuid().optional(),
  partner: z.string().optional(),
  attempts: count,
  reason: z.string().optional(),
  price: z.number().optional(),
  received_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  payload: z.unknown().meta({ description: "As it came; null once the person is forgotten" }),
  forgotten: z.literal(true).optional(),
});
const Leads = z.object({ items: z.array(Lead), next_cursor: z.string().optional() });
const Timings = z.object({ total_ms: z.number(), partner_ms: z.number(), overhead_ms: z.number() });
const TimelineItem = z.looseObject({
  position,
  at: z.iso.datetime(),
  type: z.string(),
  attempt: z.int().optional(),
  request: z.unknown().optional(),
  response: z.unknown().optional(),
  timings: Timings.optional(),
});
const Timeline = z.object({ items: z.array(TimelineItem) });

const known = z.string().nullable().meta({ description: "Null where unknown, or forgotten" });
const Identity = z.object({
  id: PersonId,
  email: known,
  phone: known,
  full_name: known,
  aliases: z.array(
    z.object({
      id: z.uuid(),
      email: z.string().optional(),
      phone: z.string().optional(),
      full_name: z.string().optional(),
    }),
  ),
  leads: z.array(z.string()).meta({ description: "The newest submissions, newest first" }),
  lead_count: count,
  forgotten_at: z.iso.datetime().optional(),
});
const Identities = z.object({ items: z.array(Identity), next_cursor: z.string().optional() });
const Forgotten = z.object({
  persons: z.array(PersonId),
  raw_readable_until: z.iso
    .datetime()
    .meta({ description: "Until then keys of the intake's day may still open what came in" }),
});
const Split = z.object({ into: PersonId, from: PersonId });

const Rules = z.object({ rules: z.array(Rule), version: count, compiled_at: z.iso.datetime() });
const OneRule = z.object({ rule: Rule, version: count, compiled_at: z.iso.datetime() });
const RulesChange = z.object({ rules: z.array(Rule), expected_version: count.optional() });

const ShownDelivery = z.discriminatedUnion("type", [
  HttpDelivery.extend({
    headers: z.record(z.string(), z.string()).optional(),
    secret: z.literal(HIDDEN).optional(),
  }),
]);
const Partner = PartnerConfig.extend({
  id: PartnerId,
  delivery: ShownDelivery.nullable().meta({ description: "Null where what is stored can't be used" }),
  signed: z.boolean(),
  errors: z.array(Flaw).optional().meta({ description: "What is wrong with the stored configuration" }),
  paused: z.boolean(),
  queue_depth: count,
  in_flight: count,
  circuit_state: z.enum(["closed", "open", "half_open"]),
  retry_at: z.iso.datetime().optional(),
  delivered: count,
  failed: count,
  dead_lettered: count,
  duplicates: count,
});
const Partners = z.object({ items: z.array(Partner) });

const Source = SourceSettings.extend({ id: SourceId, secrets: z.array(z.object({ id: z.string() })) });
const Sources = z.object({ items: z.array(Source) });
const NewSecret = z.object({ id: z.string(), secret: z.string() });

const Projection = z.object({
  name: z.string(),
  position,
  lag: count,
  rebuilt_at: z.iso.datetime().nullable(),
  rebuilding: z.object({ position }).optional(),
});
const Projections = z.array(Projection);
const Rebuilding = z.object({ name: z.string(), status: z.literal("rebuilding") });
const Readiness = z.object({
  ready: z.boolean(),
  dependencies: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
});

/** The same whether sent or answered. */
export const either = { Predicate, Group, Route: RouteTarget };

/** As they are sent: what has a default may be left out. */
export const requests = {
  LeadSubmission: LeadBody,
  AssistanceSubmission: AssistanceBody,
  EventSubmission: EventBody,
  CloudEvent,
  BatchLine,
  PartnerChange,
  DeliveryChange,
  SourceChange: SourceSettings,
  RulesChange,
  RuleChange: Rule.omit({ id: true }).extend({ id: RuleId.optional() }),
} as const;

/** As they are answered: everything is there. */
export const answers = {
  Problem,
  Accepted,
  Ended,
  BatchAnswer,
  Lead,
  Leads,
  TimelineItem,
  Timeline,
  ...either,
  Identity,
  Identities,
  Forgotten,
  Split,
  Rule,
  Rules,
  OneRule,
  Partner,
  Partners,
  Source,
  Sources,
  NewSecret,
  Projection,
  Projections,
  Rebuilding,
  Readiness,
} as const;

export type RequestName = keyof typeof requests;
export type AnswerName = keyof typeof answers;
