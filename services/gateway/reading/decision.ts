// Why a lead went where it went: its decision as the log has it, explained with the rules and partners of that moment.
import { z } from "zod";
import type { Sealed } from "#domain/event.ts";
import { type PartnerId, SubmissionId } from "#domain/ids.ts";
import { explain, factsRead, whyNot } from "#domain/rules/explain.ts";
import { RouteTarget } from "#domain/rules/rule.ts";
import { submissionContext } from "#domain/seal-contexts.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { factsOf } from "#domain/submission/route.ts";
import { Submission } from "#domain/submission/submission.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Lead, TimelineItem } from "#projections/leads/query.ts";
import { responseSchemas } from "../http/route-schema.ts";
import type { MadeRuleset, RulesHistory } from "../rules/history.ts";
import { Explanation, Later, Others } from "../rules/schemas.ts";

const nothing = "null while nothing is decided";

export const LeadDecision = z
  .object({
    id: z.uuid(),
    decided_at: z.iso.datetime().nullable().meta({ description: nothing }),
    rules_version: z.int().nonnegative().nullable().meta({ description: nothing }),
    rules_made: z
      .object({ at: z.iso.datetime(), by: z.string(), reason: z.string().optional() })
      .optional()
      .meta({ description: "Who made that version of the rules, when and why; left out for a source" }),
    rule: z.string().nullable().meta({ description: "The rule that decided; null where none matched" }),
    route: RouteTarget.nullable().optional().meta({ description: "Left out for a source" }),
    partner: z.string().nullable().meta({ description: "Who has it now" }),
    reason: z.string().optional().meta({ description: "Why it went nowhere, or ended as it did" }),
    asked: z
      .object({ service: z.string(), partner: z.string(), reason: z.string().optional() })
      .optional()
      .meta({ description: "The routing service that the rule asks, and its answer" }),
    facts: z.record(z.string(), z.unknown()).nullable().optional().meta({
      description: "Those that the rules read; null once the person is forgotten. Left out for a source",
    }),
    recorded: z.boolean().meta({
      description:
        "Whether everything that it rested on was recorded; not so before this was recorded at all",
    }),
    explanation: Explanation,
    later: Later.optional(),
    others: Others.meta({ description: "Why each other partner of that time does not have it" }),
  })
  .register(responseSchemas, { id: "LeadDecision" });
type LeadDecision = z.infer<typeof LeadDecision>;

export interface DecisionParts {
  readonly eventStore: Pick<EventStore, "streamEvents">;
  readonly vault: Pick<Vault, "openReadable">;
  readonly history: Pick<RulesHistory, "byVersion" | "partnersAt">;
}

type Decisive = Extract<SubmissionEvent, { type: "SubmissionRouted" | "SubmissionUnrouted" }>;

interface Found {
  /** The newest that the rules took. */
  readonly decision: Decisive;
  readonly position: bigint;
  readonly at: string;
  /** The submission as it was then. */
  readonly sealed: Sealed | undefined;
  /** Who has had it since then, the newest last. */
  readonly partners: readonly PartnerId[];
}

const codec = createCodec(submissionEvents);

export async function decisionOf(
  lead: Pick<Lead, "id" | "reason">,
  timeline: readonly TimelineItem[],
  { eventStore, vault, history }: DecisionParts,
): Promise<LeadDecision> {
  const id = SubmissionId.parse(lead.id);
  const found = await newestDecision(id, eventStore);
  const reason = lead.reason === undefined ? {} : { reason: lead.reason };
  const undecided = { rule: null, partner: null, recorded: true, explanation: [], others: [], ...reason };
  if (found === undefined) return { id, decided_at: null, rules_version: null, ...undecided };
  const { decision, position, at, sealed, partners } = found;

  const { decided } = decision.data;
  const version =
    decision.type === "SubmissionRouted"
      ? decision.data.route.ruleset_version
      : decision.data.ruleset_version;
  const [opened] = await vault.openReadable(
    sealed === undefined ? [] : [{ sealed, context: submissionContext(id) }],
  );
  const submission = Submission.safeParse(opened);
  const made = await history.byVersion(version);
  const rules = made?.rules ?? [];
  const named =
    decision.type === "SubmissionRouted"
      ? rules.find(({ id }) => id === decision.data.route.rule)
      : undefined;
  const facts = submission.success ? factsOf(submission.data) : undefined;
  // Without the facts, what was decided is still known.
  const explained =
    facts === undefined
      ? { rule: named?.id ?? null, route: named?.route ?? null, explanation: [], later: [] }
      : explain(rules, facts);
  const course = {
    partner: partners.at(-1) ?? null,
    closed: decided?.closed ?? [],
    before: endings(partners.slice(0, -1), timeline),
  };
  return {
    id,
    decided_at: decided?.at ?? at,
    rules_version: version,
    ...(made && { rules_made: madeBy(made) }),
    ...explained,
    explanation: [...explained.explanation],
    later: [...explained.later],
    partner: course.partner,
    ...reason,
    ...(decided?.asked && { asked: decided.asked }),
    facts: facts === undefined ? null : factsRead(rules, facts),
    recorded: decided !== undefined,
    others: whyNot(rules, explained, course, await history.partnersAt(position)),
  };
}

const madeBy = ({ at, by, reason }: MadeRuleset) => ({ at, by, ...(reason !== undefined && { reason }) });

async function newestDecision(
  id: SubmissionId,
  eventStore: DecisionParts["eventStore"],
): Promise<Found | undefined> {
  let found: Found | undefined;
  let sealed: Sealed | undefined;
  for await (const stored of eventStore.streamEvents(submissionStream(id))) {
    const decoded = decodeOrPassOver(codec, stored, () => undefined);
    if (!decoded?.known) continue;
    const { event } = decoded;
    if ("sealed" in event.data) sealed = event.data.sealed;
    if (event.type !== "SubmissionRouted" && event.type !== "SubmissionUnrouted") continue;
    const partner = event.type === "SubmissionRouted" ? [event.data.route.partner] : [];
    // A later leg goes on with what was decided.
    const goesOn =
      event.type === "SubmissionRouted" && event.data.decided === undefined && found !== undefined;
    found = goesOn
      ? { ...(found as Found), partners: [...(found as Found).partners, ...partner] }
      : { decision: event, position: stored.position, at: stored.metadata.at, sealed, partners: partner };
  }
  return found;
}

const ENDINGS: ReadonlySet<string> = new Set([
  "DeliveryRejected",
  "DeliveryDeadLettered",
  "DeliveryDuplicated",
]);

/** How the turn of each of these partners ended, as far as their events tell. */
function endings(
  partners: readonly PartnerId[],
  timeline: readonly TimelineItem[],
): ReadonlyMap<PartnerId, string | null> {
  return new Map(
    partners.map((partner) => {
      const last = timeline.findLast((item) => item.partner === partner && ENDINGS.has(item.type));
      return [partner, typeof last?.reason === "string" ? last.reason : null];
    }),
  );
}

/** What the source of a lead may know: reasons, and nothing of what others have sent or how partners and rules are configured. */
export function forSource(all: LeadDecision): LeadDecision {
  const { route: _, facts: __, asked: ___, rules_made: ____, later: _____, ...decision } = all;
  const explanation = decision.explanation.map(({ rule, matched, because }) => ({
    rule,
    matched,
    because: because && LOOKED_UP.test(because.field) ? { ...because, actual: null } : because,
  }));
  const others = decision.others.map(({ partner, reason }) => ({ partner, reason }));
  return { ...decision, explanation, others };
}

const LOOKED_UP = /^(person|context|suppressed)\./;
