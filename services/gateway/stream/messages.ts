// What the stream tells of an event of the log: ids, states and places, never what is about a person.
import { type CampaignConfigEvent, campaignConfigEvents } from "#domain/campaign/configured.ts";
import { type IntakeEvent, intakeEvents } from "#domain/intake/events.ts";
import { type PartnerConfigEvent, partnerConfigEvents } from "#domain/partner/config.ts";
import { type PartnerEvent, partnerEvents } from "#domain/partner/events.ts";
import {
  type CompiledEvent,
  compiledEvents,
  type RulesetEvent,
  rulesetEvents,
} from "#domain/rules/events.ts";
import { type SubmissionEvent, submissionEvents } from "#domain/submission/events.ts";
import { type LifeEvent, statusAfter } from "#domain/submission/machine.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";

export const topics = ["lead", "partner", "dead_letter", "projection", "rules", "campaign"] as const;
export type Topic = (typeof topics)[number];

/** What a process keeps in memory of the configuration. */
export type View = "partners" | "rules";

export interface Message {
  readonly topic: Topic;
  readonly position: bigint;
  /** Which of the views the event changes. */
  readonly view: View | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

const definitions = {
  ...submissionEvents,
  ...partnerEvents,
  ...intakeEvents,
  ...partnerConfigEvents,
  ...rulesetEvents,
  ...compiledEvents,
  ...campaignConfigEvents,
};
type ToldEvent =
  | SubmissionEvent
  | PartnerEvent
  | IntakeEvent
  | PartnerConfigEvent
  | RulesetEvent
  | CompiledEvent
  | CampaignConfigEvent;

/** The types of all events that something may be told of. */
export const toldTypes = Object.keys(definitions);
const codec = createCodec(definitions);

/** None where nobody is to be told, or where it can't be read here. */
export function messagesOf(stored: StoredEvent): Message[] {
  const event = readable(stored);
  if (event === undefined) return [];
  const { position, metadata } = stored;
  const message = (topic: Topic, data: object): Message => ({
    topic,
    position,
    view: viewOf(event),
    data: { ...data, at: metadata.at, position: `${position}` },
  });
  return [
    ...aboutLead(event).map((data) => message("lead", data)),
    ...aboutDeadLetter(event).map((data) => message("dead_letter", data)),
    ...aboutPartner(event).map((data) => message("partner", data)),
    ...aboutRules(event).map((data) => message("rules", data)),
    ...aboutCampaign(event).map((data) => message("campaign", data)),
  ];
}

function viewOf({ type }: ToldEvent): View | undefined {
  if (type in partnerConfigEvents) return "partners";
  return type in rulesetEvents || type in compiledEvents ? "rules" : undefined;
}

/** Where each of the views was changed last, of those that were. */
export const changedViews = (
  messages: readonly Pick<Message, "view" | "position">[],
): Partial<Readonly<Record<View, bigint>>> =>
  Object.fromEntries(messages.flatMap(({ view, position }) => (view ? [[view, position]] : [])));

function readable(stored: StoredEvent): ToldEvent | undefined {
  try {
    const decoded = decodeOrPassOver(codec, stored, () => undefined);
    return decoded?.known ? decoded.event : undefined;
  } catch {
    // A newer release can read it; who watches is told by its gateways, and by the read models later.
    return undefined;
  }
}

function aboutLead({ type, data }: ToldEvent): object[] {
  if (!("submission_id" in data) || type === "RefusalRedriven") return [];
  // What a campaign sends is no lead.
  if ("sent_for" in data && data.sent_for !== undefined) return [];
  const status = statusAfter({ type, data } as LifeEvent);
  if (status === undefined) return [];
  const partner = "route" in data ? data.route.partner : "partner" in data ? data.partner : undefined;
  const origin = "kind" in data ? { kind: data.kind, source: data.source } : {};
  return [{ id: data.submission_id, status, ...(partner !== undefined && { partner }), ...origin }];
}

function aboutDeadLetter({ type, data }: ToldEvent): object[] {
  switch (type) {
    case "SubmissionDeadLettered": {
      const { submission_id: id, stage, partner, reason, cause } = data;
      return [{ id, stage, ...(partner && { partner }), reason, ...(cause && { cause }) }];
    }
    case "SubmissionRedriven":
    case "SubmissionDiscarded": {
      const { submission_id: id, stage, partner } = data;
      const moved = type === "SubmissionRedriven" ? "redriven" : "discarded";
      return [{ id, stage, ...(partner && { partner }), moved }];
    }
    case "SubmissionRefused":
    case "ReplyRefused":
      return [{ id: data.refusal_id, stage: "intake", reason: data.reason }];
    case "RefusalRedriven":
    case "ReplyRedriven":
      return [{ id: data.refusal_id, stage: "intake", moved: "redriven" }];
    case "RefusalDiscarded":
      return [{ id: data.refusal_id, stage: "intake", moved: "discarded" }];
    default:
      return [];
  }
}

function aboutPartner({ type, data }: ToldEvent): object[] {
  switch (type) {
    case "CircuitOpened":
      return [{ id: data.partner, circuit_state: "open", retry_at: data.until }];
    case "CircuitHalfOpened":
      return [{ id: data.partner, circuit_state: "half_open" }];
    case "CircuitClosed":
      return [{ id: data.partner, circuit_state: "closed" }];
    case "PartnerConfigured":
      return [{ id: data.partner, configured: true }];
    case "PartnerPaused":
      return [{ id: data.partner, paused: true }];
    case "PartnerResumed":
      return [{ id: data.partner, paused: false }];
    case "PartnerRemoved":
      return [{ id: data.partner, removed: true }];
    default:
      return [];
  }
}

function aboutRules({ type, data }: ToldEvent): object[] {
  switch (type) {
    case "RulesetChanged":
      return [{ version: data.version, state: "changed" }];
    case "RulesetCompiled":
      return [{ version: data.version, state: "in_force" }];
    case "RulesetNotCompiled":
      return [{ version: data.version, state: "not_compiled" }];
    default:
      return [];
  }
}

/** What people decide about it; how many members are where is asked for. */
function aboutCampaign({ type, data }: ToldEvent): object[] {
  switch (type) {
    case "CampaignDefined":
      return [{ id: data.campaign, version: data.version }];
    case "CampaignStarted":
    case "CampaignResumed":
      return [{ id: data.campaign, status: "running" }];
    case "CampaignPaused":
      return [{ id: data.campaign, status: "paused" }];
    case "CampaignCancelled":
      return [{ id: data.campaign, status: "cancelled" }];
    default:
      return [];
  }
}
