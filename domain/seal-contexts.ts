// Where each sealed value stands and under which key: a value that is moved elsewhere does not open.
import {
  type CampaignId,
  type DeliveryId,
  type MemberId,
  type PartnerId,
  PersonId,
  type SourceId,
  type SubmissionId,
} from "./ids.ts";

/** The payload of a submission. */
export const submissionContext = (id: SubmissionId): string => `submission-${id}`;
/** What was sent to a partner and what it answered. */
export const deliveryContext = (id: DeliveryId): string => `delivery-${id}`;
/** The values that a person is known by. */
export const personContext = (id: PersonId): string => `person-${id}`;
/** The same on their way to identity; they say themselves whose they are. */
export const QUESTION_CONTEXT = "identify";
export const sourceContext = (id: SourceId): string => `source-${id}`;
export const partnerConfigContext = (id: PartnerId): string => `partner_config-${id}`;

/** In which the ids of a kind of context are hashed. */
export const contextDomain = (kind: string): string => `context ${kind}`;
/** An order, a shipment … */
export const contextObjectContext = (stream: string): string => stream;
/** Destroyed with the removal of the object. */
export const contextKey = (stream: string, generation: number): string => `${stream}-${generation}`;

/** Everything about a person; destroying it forgets them. */
export const personKey = (id: PersonId): string => `person-${id}`;
/** Whose key it is; undefined where it is no person's. */
export const personOfKey = (key: string): PersonId | undefined =>
  key.startsWith("person-") ? PersonId.safeParse(key.slice("person-".length)).data : undefined;
/** What names nobody shares a key with its month. */
export const nobodyKey = (receivedAt: string): string => `nobody-${receivedAt.slice(0, 7)}`;
/** Secrets of sources and partners. */
export const SECRETS_KEY = "secrets";

/** The fields of a member of a campaign, and what it has replied. */
export const memberContext = (id: MemberId): string => `member-${id}`;
/** In which the address of a member is hashed into its id: another one in every campaign. */
export const memberDomain = (campaign: CampaignId): string => `campaign ${campaign}`;
/** In which the ids of messages are hashed. */
export const messageDomain = (campaign: CampaignId): string => `campaign ${campaign} message`;
/** Everything about a member; destroyed where the person is forgotten. */
export const memberKey = (id: MemberId): string => `member-${id}`;
/** Where an import asks, and with which headers. */
export const importContext = (campaign: CampaignId): string => `campaign-${campaign}`;
