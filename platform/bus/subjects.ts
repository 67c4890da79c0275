// Every subject and mailbox that the roles share.

/** A mailbox is a durable consumer of one subject tree. */
export const leadMailbox = (partition: number): string => `lead-${partition}`;
export const partnerMailbox = (partner: string): string => `partner-${partner}`;

export const leadSubject = (partition: number, type: string): string => `yard.lead.${partition}.${type}`;
export const partnerSubject = (partner: string, type: string): string => `yard.partner.${partner}.${type}`;
/** What the gateway asks of the owner of a partner. */
export const partnerRequestSubject = (partner: string): string => `partner_owner.${partner}`;
/** What ended of all that a campaign sends, for its owner. */
export const campaignMailbox = (campaign: string): string => `campaign-${campaign}`;
export const campaignSubject = (campaign: string, type: string): string =>
  `yard.campaign.${campaign}.${type}`;
/** What the gateway and the timers ask of the owner of a campaign. */
export const campaignRequestSubject = (campaign: string): string => `campaign_owner.${campaign}`;
/** Asked of a gateway: to take in what a step of a campaign submits. */
export const CAMPAIGN_SUBMIT_SUBJECT = "intake_campaigns.submit";
/** Only where PUBLISH_FACTS asks for what nobody has to react to. */
export const factSubject = (category: string, type: string): string => `yard.fact.${category}.${type}`;
/** How far the relay is, where nothing else says so; only the next relay reads it. */
export const RELAY_POSITION_SUBJECT = "yard.relay.position";

/** Asked of a gateway: to put a message that intake refused through it again. */
export const REDRIVE_REFUSED_SUBJECT = "dead_letters.redrive_refused";

/** Questions of lead actors to the identity writer, many at once. */
export const IDENTIFY_SUBJECT = "identity.identify";
/** Told to all when another begins to answer: who still waits for the one before asks again. */
export const NEW_IDENTITY_WRITER_SUBJECT = "identity.new_writer";
/** What an operator asks of the identity writer. */
export const SPLIT_SUBJECT = "identity.split";
export const FORGET_SUBJECT = "identity.forget";

/** Asked of whoever delivers: what is wrong with functions that people wrote, and one delivery that is only a test. */
export const COMPILE_SUBJECT = "delivery.compile";
export const TEST_DELIVERY_SUBJECT = "delivery.test";

/** Changes of the rules, on their way to the compiler. */
export const RULES_MAILBOX = "rules";
export const RULES_SUBJECTS = "yard.rules.>";
export const rulesSubject = (type: string): string => `yard.rules.${type}`;
