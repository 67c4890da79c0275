// Which events are changes that a person or a token made, and what each of them is about.
import { accessEvents } from "#domain/access/events.ts";
import { analysisServiceEvents } from "#domain/analysis/service.ts";
import { campaignConfigEvents } from "#domain/campaign/configured.ts";
import { campaignEvents } from "#domain/campaign/events.ts";
import { contextEvents } from "#domain/context/context.ts";
import { deadLetterEvents } from "#domain/dead-letter/request.ts";
import { identityEvents } from "#domain/identity/events.ts";
import { partnerConfigEvents } from "#domain/partner/config.ts";
import { partnerEvents } from "#domain/partner/events.ts";
import { routingServiceEvents } from "#domain/routing-service/service.ts";
import { rulesetEvents } from "#domain/rules/events.ts";
import { changesBetween } from "#domain/rules/ruleset.ts";
import { shadowEvents } from "#domain/rules/shadow.ts";
import { sourceEvents } from "#domain/source/events.ts";
import { submissionEvents } from "#domain/submission/events.ts";
import { suppressionListEvents } from "#domain/suppression/list.ts";
import { createCodec, type EventOf } from "#platform/event-store/codec.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";

const { DeliveryReturned, DeliveryReconciled } = partnerEvents;
const { PersonForgotten, PersonsSplit } = identityEvents;
const { SubmissionCorrected } = submissionEvents;
const { RedriveRequested, DiscardRequested, RequestPaused, RequestResumed } = deadLetterEvents;
const { ShadowStarted, ShadowEnded } = shadowEvents;
const { MembersAdded, MemberReplied, ImportStarted } = campaignEvents;

/** What a request to move dead letters does to each of them is told by the request, and what an upload holds by its list. */
const definitions = {
  ...accessEvents,
  ...sourceEvents,
  ...partnerConfigEvents,
  ...rulesetEvents,
  ...routingServiceEvents,
  ...analysisServiceEvents,
  ...campaignConfigEvents,
  ...contextEvents,
  ...suppressionListEvents,
  ShadowStarted,
  ShadowEnded,
  MembersAdded,
  MemberReplied,
  ImportStarted,
  RedriveRequested,
  DiscardRequested,
  RequestPaused,
  RequestResumed,
  DeliveryReturned,
  DeliveryReconciled,
  SubmissionCorrected,
  PersonForgotten,
  PersonsSplit,
} as const;
export type AuditedEvent = EventOf<typeof definitions>;

export const auditedTypes = Object.keys(definitions);

/** What somebody else said, passed on by a person or a token. It is recorded, and listed only where it is asked for by its type. */
export const PASSED_ON = "MemberReplied" satisfies keyof typeof definitions;
const audited: ReadonlySet<string> = new Set(auditedTypes);
const codec = createCodec(definitions);

/** The yard itself, and a source that keeps its context, are no person and no token. */
const isSomebody = (by: string | undefined): boolean =>
  by !== undefined && by !== "switchyard" && !by.startsWith("source:");

export const isAudited = ({ type, metadata }: StoredEvent): boolean =>
  audited.has(type) && isSomebody(metadata.by) && !Number.isNaN(Date.parse(metadata.at));

/** Undefined where it can't be read. Throws WrittenByNewerRelease. */
export function readAudited(stored: StoredEvent): AuditedEvent | undefined {
  const decoded = decodeOrPassOver(codec, stored, () => undefined);
  return decoded?.known ? decoded.event : undefined;
}

export function aboutOf({ type, data }: AuditedEvent): string {
  switch (type) {
    case "UserInvited":
    case "UserSetUp":
    case "UserRoleChanged":
    case "UserRemoved":
    case "PasswordChanged":
    case "SessionsEnded":
    case "SignedIn":
    case "SignedOut":
    case "SignInLocked":
      return `user ${data.name}`;
    case "SetUpLinkMade":
      return data.name === undefined ? "first user" : `user ${data.name}`;
    case "TokenMade":
    case "TokenRevoked":
      return `token ${data.name}`;
    case "PersonalDataShown":
      return data.what;
    case "RebuildRequested":
      return `read model ${data.projection}`;
    case "SourceConfigured":
    case "SourceSecretAdded":
    case "SourceSecretRemoved":
    case "SourceRemoved":
      return `source ${data.source}`;
    case "PartnerConfigured":
    case "PartnerPaused":
    case "PartnerResumed":
    case "PartnerRemoved":
      return `partner ${data.partner}`;
    case "RulesetChanged":
      return "ruleset";
    case "ShadowStarted":
    case "ShadowEnded":
      return "shadow rules";
    case "RoutingServiceConfigured":
    case "RoutingServiceRemoved":
      return `routing service ${data.service}`;
    case "AnalysisServiceConfigured":
    case "AnalysisServiceRemoved":
      return `analysis service ${data.service}`;
    case "CampaignDefined":
    case "CampaignStarted":
    case "CampaignPaused":
    case "CampaignResumed":
    case "CampaignCancelled":
    case "MembersAdded":
    case "MemberReplied":
    case "ImportStarted":
      return `campaign ${data.campaign}`;
    case "ContextPut":
    case "ContextRemoved":
      // Its id may say something about somebody.
      return `context ${data.kind}`;
    case "SuppressionListReplaced":
    case "SuppressionListExtended":
    case "SuppressionListRemoved":
      return `suppression list ${data.list}`;
    case "RedriveRequested":
    case "DiscardRequested":
    case "RequestPaused":
    case "RequestResumed":
      return "dead letters";
    case "DeliveryReturned":
    case "DeliveryReconciled":
    case "SubmissionCorrected":
      return `lead ${data.submission_id}`;
    case "PersonForgotten":
      return `person ${data.person_id}`;
    case "PersonsSplit":
      return `person ${data.into}`;
  }
}

/** Whether it says all that is configured about an object, or that nothing is any more. */
export function configures({ type }: AuditedEvent): boolean {
  return CONFIGURES.has(type);
}
const CONFIGURES: ReadonlySet<string> = new Set<AuditedEvent["type"]>([
  "SourceConfigured",
  "SourceRemoved",
  "PartnerConfigured",
  "PartnerRemoved",
  "RulesetChanged",
  "RoutingServiceConfigured",
  "RoutingServiceRemoved",
  "AnalysisServiceConfigured",
  "AnalysisServiceRemoved",
  "CampaignDefined",
  "ShadowStarted",
  "ShadowEnded",
]);

const HIDDEN = "…";

/** What the event made of its object, without anything that is sealed. */
function configurationOf(event: AuditedEvent | undefined): Record<string, unknown> | undefined {
  switch (event?.type) {
    case "SourceConfigured":
    case "RoutingServiceConfigured":
    case "AnalysisServiceConfigured":
      return event.data.settings;
    case "CampaignDefined":
      return { version: event.data.version, ...event.data.definition };
    case "PartnerConfigured":
      return { ...event.data.config, delivery: HIDDEN };
    case "RulesetChanged":
    case "ShadowStarted":
      return { version: event.data.version, rules: event.data.rules };
    default:
      return undefined;
  }
}

/** What else an event says that is neither sealed nor said otherwise. */
function detailsOf(event: AuditedEvent): Record<string, unknown> | undefined {
  switch (event.type) {
    case "SourceSecretAdded":
      return { secret_id: event.data.secret_id, secret: HIDDEN };
    case "UserInvited":
    case "UserSetUp":
    case "SetUpLinkMade":
      return { role: event.data.role };
    case "TokenMade": {
      const { role, expires_at } = event.data;
      return { role, ...(expires_at && { expires_at }) };
    }
    case "SignedIn":
      return { how: event.data.how };
    case "PartnerPaused":
    case "RequestPaused":
      return { paused: true };
    case "PartnerResumed":
    case "RequestResumed":
      return { paused: false };
    case "CampaignStarted":
    case "CampaignResumed":
      return { status: "running" };
    case "CampaignPaused":
      return { status: "paused" };
    case "CampaignCancelled":
      return { status: "cancelled" };
    case "MembersAdded":
      return { members: event.data.members.length };
    case "MemberReplied":
      return { member_id: event.data.member_id };
    case "ImportStarted":
      return { import_id: event.data.import_id };
    case "RedriveRequested":
    case "DiscardRequested": {
      const { ids, stage, partner, cause } = event.data;
      const about = { ...(partner && { partner }), ...(cause && { cause }) };
      return { ...(ids && { ids }), ...(stage && { stage }), ...about };
    }
    case "DeliveryReconciled":
      return { partner: event.data.partner, outcome: event.data.outcome };
    case "DeliveryReturned":
      return { partner: event.data.partner, status: "returned" };
    case "PersonForgotten":
      return { persons: event.data.persons };
    case "PersonsSplit":
      return { from: event.data.from };
    default:
      return undefined;
  }
}

export interface BeforeAndAfter {
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
}

/** `earlier` is what configured the same object last; of rules, those that differ are shown. */
export function beforeAndAfter(event: AuditedEvent, earlier: AuditedEvent | undefined): BeforeAndAfter {
  if (event.type === "RulesetChanged") {
    const old = earlier?.type === "RulesetChanged" ? earlier.data : { version: 0, rules: [] };
    const changes = changesBetween(old.rules, event.data.rules);
    const moved = changes.flatMap(({ change, rule }) => (change === "moved" ? [rule] : []));
    return {
      before: { version: old.version, rules: changes.flatMap(({ before }) => before ?? []) },
      after: {
        version: event.data.version,
        rules: changes.flatMap(({ after }) => after ?? []),
        ...(moved.length > 0 && { moved }),
      },
    };
  }
  if (event.type === "UserRoleChanged")
    return { before: { role: event.data.before }, after: { role: event.data.role } };
  if (event.type === "UserRemoved" || event.type === "TokenRevoked")
    return { before: { role: event.data.role } };
  if (event.type === "SourceSecretRemoved") return { before: { secret_id: event.data.secret_id } };
  const before = configures(event) ? configurationOf(earlier) : undefined;
  const after = configures(event) ? configurationOf(event) : detailsOf(event);
  return { ...(before && { before }), ...(after && { after }) };
}
