// What a member does next: planned from where it is, with what it is sent rendered and sealed. Nothing is stored here.
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import type { CampaignCommand, Move } from "#domain/campaign/decide.ts";
import {
  after,
  type CampaignDefinition,
  msOf,
  type Step,
  type StepOf,
  stepOf,
} from "#domain/campaign/definition.ts";
import type { Left } from "#domain/campaign/events.ts";
import { messageTo } from "#domain/campaign/member.ts";
import type { Member } from "#domain/campaign/member-state.ts";
import { afterWait, planFrom } from "#domain/campaign/plan.ts";
import {
  type CampaignId,
  DeliveryId,
  type MemberId,
  SourceId,
  type StepId,
  SubmissionId,
} from "#domain/ids.ts";
import { TemplateTooLarge } from "#domain/partner/template.ts";
import type { Facts } from "#domain/rules/evaluate.ts";
import { memberKey, submissionContext } from "#domain/seal-contexts.ts";
import { deterministicUuid } from "#platform/ids.ts";
import { KeyDestroyed, type Vault } from "#platform/vault/vault.ts";
import type { Opened } from "./fields.ts";

/** What is over for a member that goes on: nothing where it begins. */
export type Over =
  | { readonly how: "replied" | "timed_out" }
  | { readonly how: "sent"; readonly submission_id: SubmissionId }
  | { readonly how: "analysed"; readonly sentiment: NonNullable<Left["sentiment"]> }
  | { readonly how: "submitted" };

/** Where it goes on from. */
export interface Beginning {
  readonly definition: CampaignDefinition;
  readonly version: number;
  /** Undefined is the end. */
  readonly from: StepId | undefined;
  readonly left: Left | undefined;
}

export function beginningOf(
  { version, definition, versions }: ConfiguredCampaign,
  member: Member,
  over: Over | undefined,
): Beginning {
  const { step: id } = member;
  if (id === undefined) return { definition, version, from: definition.steps[0]?.id, left: undefined };
  const own = { definition: versions.get(member.version) ?? definition, version: member.version };
  if (over === undefined) return { ...own, from: id, left: undefined };
  const step = stepOf(own.definition, id);
  return { ...own, from: step && onwardFrom(own.definition, step, over), left: { step: id, ...over } };
}

function onwardFrom(definition: CampaignDefinition, step: Step, { how }: Over): StepId | undefined {
  return step.type === "wait" ? afterWait(definition, step, how === "replied") : after(definition, step);
}

/** Whether it has to be known who the member is to say where it comes to. */
export const isBranching = ({ definition, from }: Beginning): boolean =>
  from !== undefined && stepOf(definition, from)?.type === "branch";

/** Whether nobody has to know who the member is: it comes to its end, or to a wait. */
export function isPlain({ definition, from }: Beginning): boolean {
  const type = from === undefined ? undefined : stepOf(definition, from)?.type;
  return type === undefined || type === "end" || type === "wait";
}

export interface MoveParts {
  readonly campaign: CampaignId;
  readonly vault: Pick<Vault, "seal" | "sealCached">;
}

export interface MoveOptions {
  readonly id: MemberId;
  readonly member: Member;
  readonly beginning: Beginning;
  /** Not needed where nothing branches and nothing is sent. */
  readonly opened: Opened | undefined;
  /** Whether what it comes to may begin now. */
  readonly mayBegin: (step: Step) => boolean;
  readonly concurrency: number;
  readonly at: number;
}

/** Undefined where it stays where it is. Rejects while keys can't be had. */
export async function nextMove(options: MoveOptions, parts: MoveParts): Promise<CampaignCommand | undefined> {
  const { id, member, beginning, opened, mayBegin, concurrency, at } = options;
  const { campaign } = parts;
  const { definition, version, from, left } = beginning;
  const { status: was, moves } = member;
  if (was !== "pending" && was !== "working" && was !== "waiting") return undefined;
  const fails = (reason: string): CampaignCommand => ({
    type: "fail",
    campaign,
    member_id: id,
    moves,
    reason,
    attempts: 0,
    dead: false,
  });
  const facts = opened && factsAfter(opened.facts, left);
  const plan = planFrom(definition, from, facts ?? {});
  const about = { type: "move", campaign, member_id: id, was, moves, left, concurrency, at } as const;
  const goes = (to: Move["to"]): Move => ({ ...about, passed: plan.passed, to });
  const { step } = plan;
  if (step === undefined || step.type === "end") return goes(undefined);
  const place = { version, step: step.id };
  if (step.type === "wait") {
    const due_at = new Date(dueOf(step, at)).toISOString();
    return goes({ type: "wait", ...place, due_at, ends_by_reply: step.on_reply !== undefined });
  }
  if (!mayBegin(step)) {
    const sends = step.type === "send";
    const isThere = was === "pending" && member.step === step.id && (member.is_to_send === true) === sends;
    return isThere ? undefined : goes({ type: "ready", ...place, sends });
  }
  if (opened === undefined || facts === undefined) return fails("forgotten");
  switch (step.type) {
    case "analyze":
      return goes({ type: "analyze", ...place, service: step.service });
    case "submit": {
      const submitted_as = submittedAs(campaign, keyOf(id, member, step.id));
      return goes({ type: "submit", ...place, submitted_as });
    }
    case "send":
      try {
        const sending = await sendingOf(step, options, { ...parts, opened, facts });
        return goes({ type: "send", ...place, ...sending });
      } catch (error) {
        if (error instanceof KeyDestroyed) return fails("forgotten");
        if (error instanceof TemplateTooLarge) return fails("message_too_large");
        throw error;
      }
  }
}

const factsAfter = (facts: Facts, left: Left | undefined): Facts =>
  left?.sentiment === undefined ? facts : { ...facts, sentiment: left.sentiment };

function dueOf({ for: duration, until }: StepOf<"wait">, at: number): number {
  return until === undefined ? at + msOf(duration ?? "0s") : Math.max(at, Date.parse(until));
}

/** One for each visit of a step, whatever crashes and however often it is fetched back from the dead letters. */
export const keyOf = (id: MemberId, { moves, redrives, step: here }: Member, step: StepId): string =>
  `${id}:${step}:${moves + 1 - (here === step ? redrives : 0)}`;

const submittedAs = (campaign: CampaignId, key: string): SubmissionId =>
  SubmissionId.parse(deterministicUuid("submission", campaign, key));

type Sending = Omit<Extract<Exclude<Move["to"], "cancelled">, { type: "send" }>, "type" | "version" | "step">;

async function sendingOf(
  { id: step, partner, template }: StepOf<"send">,
  { id, member, at }: MoveOptions,
  { campaign, vault, opened, facts }: MoveParts & { readonly opened: Opened; readonly facts: Facts },
): Promise<Sending> {
  const key_fingerprint = keyOf(id, member, step);
  const submission_id = SubmissionId.parse(
    deterministicUuid("campaign send", campaign, id, step, `${member.moves + 1}`),
  );
  const source = SourceId.parse(campaign);
  const received_at = new Date(at).toISOString();
  const message = messageTo(opened.fields, facts, {
    template,
    step,
    source,
    received_at,
    key: key_fingerprint,
  });
  const [key, context] = [memberKey(id), submissionContext(submission_id)];
  const sealed = vault.sealCached(key, message, context) ?? (await vault.seal(key, message, context));
  const isAgain = member.sent_as !== undefined && member.step === step;
  return {
    submission_id,
    kind: message.kind,
    source,
    received_at,
    key_fingerprint,
    route: {
      partner,
      delivery_id: DeliveryId.parse(deterministicUuid("delivery", submission_id, partner, "1")),
      leg: 1,
      remaining: [],
      rule: null,
      ruleset_version: 0,
      ...(isAgain && { sent_as: member.sent_as }),
    },
    sealed,
  };
}
