import type { AnalysisServiceEvent } from "./analysis/service.ts";
import type { CampaignConfigEvent } from "./campaign/configured.ts";
import type { CampaignEvent } from "./campaign/events.ts";
import type { ContextEvent, ContextKindEvent } from "./context/context.ts";
import type { DeadLetterEvent } from "./dead-letter/request.ts";
import type { IdentityEvent } from "./identity/events.ts";
import type { CampaignId, PartnerId, SubmissionId } from "./ids.ts";
import type { IntakeEvent } from "./intake/events.ts";
import type { PartnerConfigEvent } from "./partner/config.ts";
import type { PartnerEvent, SentFor } from "./partner/events.ts";
import type { RoutingServiceEvent } from "./routing-service/service.ts";
import type { CompiledEvent, RulesetEvent } from "./rules/events.ts";
import type { ShadowEvent } from "./rules/shadow.ts";
import type { SourceEvent } from "./source/events.ts";
import type { SubmissionEvent } from "./submission/events.ts";
import type { SuppressionEvent, SuppressionListEvent } from "./suppression/list.ts";

// Who has to react to what: the one place that says into whose mailbox an event goes.

export type YardEvent =
  | SubmissionEvent
  | IntakeEvent
  | DeadLetterEvent
  | PartnerEvent
  | PartnerConfigEvent
  | IdentityEvent
  | RulesetEvent
  | CompiledEvent
  | RoutingServiceEvent
  | ContextEvent
  | ContextKindEvent
  | SuppressionEvent
  | SuppressionListEvent
  | ShadowEvent
  | SourceEvent
  | CampaignEvent
  | CampaignConfigEvent
  | AnalysisServiceEvent;

export type Mailbox =
  | { readonly to: "lead"; readonly submission: SubmissionId }
  | { readonly to: "partner"; readonly partner: PartnerId }
  | { readonly to: "campaign"; readonly campaign: CampaignId }
  | { readonly to: "compiler" }
  /** Nobody has to react; whoever is interested may listen. */
  | { readonly to: "nobody" };

const nobody: Mailbox = { to: "nobody" };
const lead = (data: { readonly submission_id: SubmissionId }): Mailbox => ({
  to: "lead",
  submission: data.submission_id,
});

interface OfDelivery {
  readonly submission_id: SubmissionId;
  readonly sent_for?: SentFor | undefined;
}

/** What ends a delivery concerns the campaign that it was sent for, else whom it concerns among submissions. */
const campaignOr =
  (otherwise: (data: OfDelivery) => Mailbox) =>
  (data: OfDelivery): Mailbox =>
    data.sent_for === undefined ? otherwise(data) : { to: "campaign", campaign: data.sent_for.campaign };

type Addressing = {
  [Type in YardEvent["type"]]: (data: Extract<YardEvent, { type: Type }>["data"]) => Mailbox;
};

const addressing: Addressing = {
  SubmissionReceived: lead,
  PersonIdentified: () => nobody,
  SubmissionRouted: ({ route }) => ({ to: "partner", partner: route.partner }),
  SubmissionUnrouted: () => nobody,
  SubmissionRejected: () => nobody,
  SubmissionDeadLettered: () => nobody,
  SubmissionRedriven: lead,
  SubmissionCorrected: () => nobody,
  SubmissionDiscarded: () => nobody,
  SubmissionReconciled: () => nobody,
  SubmissionRefused: () => nobody,
  ReplyRefused: () => nobody,
  ReplyRedriven: () => nobody,
  RefusalRedriven: () => nobody,
  RefusalDiscarded: () => nobody,
  RedriveRequested: () => nobody,
  DiscardRequested: () => nobody,
  RequestPaused: () => nobody,
  RequestResumed: () => nobody,
  RequestCarriedOut: () => nobody,
  DeliveryStarted: () => nobody,
  DeliverySucceeded: campaignOr(() => nobody),
  DeliveryFailed: () => nobody,
  DeliveryRejected: campaignOr(lead),
  DeliveryDuplicated: campaignOr(() => nobody),
  DeliveryHeld: () => nobody,
  DeliveryPassedOn: campaignOr(lead),
  DeliveryReturned: () => nobody,
  DeliveryDeadLettered: campaignOr(lead),
  DeliveryReconciled: campaignOr(lead),
  CircuitOpened: () => nobody,
  CircuitHalfOpened: () => nobody,
  CircuitClosed: () => nobody,
  PartnerRetired: () => nobody,
  PartnerConfigured: () => nobody,
  PartnerPaused: () => nobody,
  PartnerResumed: () => nobody,
  PartnerRemoved: () => nobody,
  PersonRegistered: () => nobody,
  AliasRecorded: () => nobody,
  PersonSeenAgain: () => nobody,
  PersonsMerged: () => nobody,
  PersonsSplit: () => nobody,
  PersonForgotten: () => nobody,
  RulesetChanged: () => ({ to: "compiler" }),
  RulesetCompiled: () => nobody,
  RulesetNotCompiled: () => nobody,
  SuppressionsAdded: () => nobody,
  SuppressionListReplaced: () => nobody,
  SuppressionListExtended: () => nobody,
  SuppressionListRemoved: () => nobody,
  ContextPut: () => nobody,
  ContextRemoved: () => nobody,
  ContextKindIntroduced: () => nobody,
  RoutingServiceConfigured: () => nobody,
  RoutingServiceRemoved: () => nobody,
  ShadowStarted: () => nobody,
  ShadowCompiled: () => nobody,
  ShadowNotCompiled: () => nobody,
  ShadowEnded: () => nobody,
  SourceConfigured: () => nobody,
  SourceSecretAdded: () => nobody,
  SourceSecretRemoved: () => nobody,
  SourceRemoved: () => nobody,
  MemberSendRequested: ({ route }) => ({ to: "partner", partner: route.partner }),
  MembersAdded: () => nobody,
  MemberAnalysisStarted: () => nobody,
  MemberSubmissionStarted: () => nobody,
  MemberWaiting: () => nobody,
  MemberReady: () => nobody,
  MemberReplied: () => nobody,
  MemberDone: () => nobody,
  MemberCancelled: () => nobody,
  MemberFailed: () => nobody,
  MemberRedriven: () => nobody,
  MemberDiscarded: () => nobody,
  MembersCancelled: () => nobody,
  MembersMigrated: () => nobody,
  ImportStarted: () => nobody,
  ImportPageTaken: () => nobody,
  ImportFailed: () => nobody,
  CampaignDefined: () => nobody,
  CampaignStarted: () => nobody,
  CampaignPaused: () => nobody,
  CampaignResumed: () => nobody,
  CampaignCancelled: () => nobody,
  AnalysisServiceConfigured: () => nobody,
  AnalysisServiceRemoved: () => nobody,
};

export function mailboxOf(event: YardEvent): Mailbox {
  const address = addressing[event.type] as (data: YardEvent["data"]) => Mailbox;
  return address(event.data);
}

/** Ids of submissions are hashes, so their first digits spread evenly over the partitions. */
export function partitionOf(submission: SubmissionId, partitions: number): number {
  return Number.parseInt(submission.slice(0, 8), 16) % partitions;
}
