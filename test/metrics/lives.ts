// Lives of leads as the log would tell them, one event after the other, and what each lead has come to: kept beside, and by hand.
import { IDENTITY_STREAM, type IdentityEvent } from "#domain/identity/events.ts";
import { DeliveryId, PartnerId, PersonId, RuleId, SourceId, SubmissionId } from "#domain/ids.ts";
import { type PartnerEvent, partnerStream } from "#domain/partner/events.ts";
import { type Kind, type Stage, type SubmissionEvent, submissionStream } from "#domain/submission/events.ts";
import { nextStatus, type Status } from "#domain/submission/machine.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import type { LeadEvent } from "#projections/lead-state.ts";

const sealed = { key: "k", iv: "", tag: "", data: "" };
const timings = { total_ms: 1, partner_ms: 1, overhead_ms: 0 };
const person_id = PersonId.parse(newUuid());

export interface Life {
  readonly id: SubmissionId;
  readonly source: string;
  readonly kind: Kind;
  readonly receivedAt: number;
  status: Status;
  /** When it became what it has ended as, if it has. */
  endedAt: number | undefined;
  partner: PartnerId;
  delivery: DeliveryId | undefined;
  readonly earlier: DeliveryId[];
}

export interface Choices {
  readonly partner?: string;
  readonly rule?: string | null;
  readonly price?: number;
  readonly stage?: Stage;
  /** Told about a leg that is over, where there is one. */
  readonly late?: boolean;
}

export type Happening =
  | Exclude<LeadEvent["type"], "SubmissionReceived">
  | `${"Delivery" | "Submission"}Reconciled/not`;

export class Lives {
  readonly events: StoredEvent[] = [];
  now: number;
  #position = 0n;

  constructor(from: string) {
    this.now = Date.parse(from);
  }

  passes(ms: number): this {
    this.now += ms;
    return this;
  }

  receive({ source = "web", kind = "lead" }: { readonly source?: string; readonly kind?: Kind } = {}): Life {
    const id = SubmissionId.parse(newUuid());
    const received_at = new Date(this.now).toISOString();
    const about = { submission_id: id, kind, source: SourceId.parse(source), received_at };
    this.#store(submissionStream(id), {
      type: "SubmissionReceived",
      data: { ...about, fingerprint: "", key_fingerprint: "", sealed },
    });
    const life: Life = {
      ...{ id, source, kind, receivedAt: this.now, status: "received", endedAt: undefined },
      ...{ partner: PartnerId.parse("none"), delivery: undefined, earlier: [] },
    };
    return life;
  }

  /** What identity writes; it changes nothing about any lead. */
  merge(): void {
    const data = {
      into: person_id,
      from: PersonId.parse(newUuid()),
      submission_id: SubmissionId.parse(newUuid()),
    };
    this.#store(IDENTITY_STREAM, { type: "PersonsMerged", data });
  }

  tell(life: Life, ...happenings: (Happening | readonly [Happening, Choices])[]): Life {
    for (const one of happenings) {
      const [happening, choices] = typeof one === "string" ? [one, {}] : one;
      const isLate = choices.late === true && life.earlier.length > 0;
      if (happening === "SubmissionRouted") {
        if (life.delivery !== undefined) life.earlier.push(life.delivery);
        life.delivery = DeliveryId.parse(newUuid());
        if (choices.partner !== undefined) life.partner = PartnerId.parse(choices.partner);
      }
      const event = eventOf(life, happening, choices, isLate);
      const stream = event.type.startsWith("Delivery")
        ? partnerStream(life.partner)
        : submissionStream(life.id);
      this.#store(stream, event);
      const isOfAnotherLeg =
        "delivery_id" in event.data &&
        life.delivery !== undefined &&
        event.data.delivery_id !== life.delivery;
      if (!isOfAnotherLeg) this.#becomes(life, nextStatus(life.status, event) ?? life.status);
    }
    return life;
  }

  #becomes(life: Life, status: Status): void {
    if (status === life.status) return;
    life.status = status;
    if (status === "returned") return;
    const isEnd = /^(delivered|rejected|duplicate|unrouted|dead_lettered)$/.test(status);
    life.endedAt = isEnd ? this.now : undefined;
  }

  #store(stream: string, { type, data }: LeadEvent | IdentityEvent): void {
    this.#position += 1n;
    const at = new Date(this.now);
    this.events.push({
      ...{
        id: newUuid(),
        stream,
        revision: 0n,
        position: this.#position,
        type,
        version: 1,
        data,
        created: at,
      },
      metadata: { schema: 1, at: at.toISOString() },
    });
  }
}

/** A happening may be legal in a life or not: the log may hold both. */
export function isLegal(life: Life, happening: Happening, choices: Choices): boolean {
  return nextStatus(life.status, eventOf(life, happening, choices, false)) !== undefined;
}

function eventOf(
  life: Life,
  happening: Happening,
  { rule = "all", price, stage = "deliver" }: Choices,
  isLate: boolean,
): SubmissionEvent | Extract<PartnerEvent, { data: { submission_id: unknown } }> {
  const { id: submission_id, partner } = life;
  const about = { submission_id };
  const delivery_id = (isLate ? life.earlier.at(-1) : life.delivery) ?? DeliveryId.parse(newUuid());
  const delivery = { partner, delivery_id, submission_id };
  const attempt = { ...delivery, attempt: 1, timings };
  const why = { reason: "x", attempts: 1 };
  const priced = price === undefined ? {} : { price };
  const at = new Date(life.receivedAt).toISOString();
  switch (happening) {
    case "PersonIdentified":
      return { type: happening, data: { ...about, person_id, match: "merged", sealed } };
    case "SubmissionRouted": {
      const ruleId = rule === null ? null : RuleId.parse(rule);
      const route = { partner, delivery_id, leg: 1, remaining: [], rule: ruleId, ruleset_version: 1 };
      const source = SourceId.parse(life.source);
      const shared = { kind: life.kind, source, received_at: at, key_fingerprint: "", sealed };
      return { type: happening, data: { ...about, ...shared, route } };
    }
    case "SubmissionUnrouted":
      return { type: happening, data: { ...about, reason: "no_rule_matched", ruleset_version: 1 } };
    case "SubmissionRejected":
      return { type: happening, data: { ...delivery, ...why } };
    case "SubmissionDeadLettered":
      return { type: happening, data: { ...about, ...why, stage } };
    case "SubmissionRedriven":
      return { type: happening, data: { ...about, stage } };
    case "SubmissionCorrected":
      return { type: happening, data: { ...about, sealed } };
    case "SubmissionDiscarded":
      return { type: happening, data: { ...about, stage, reason: "x" } };
    case "SubmissionReconciled":
    case "DeliveryReconciled":
      return { type: happening, data: { ...delivery, outcome: "delivered", reason: "x", ...priced } };
    case "SubmissionReconciled/not":
      return { type: "SubmissionReconciled", data: { ...delivery, outcome: "not_delivered", reason: "x" } };
    case "DeliveryReconciled/not":
      return { type: "DeliveryReconciled", data: { ...delivery, outcome: "not_delivered", reason: "x" } };
    case "DeliveryStarted":
      return {
        type: happening,
        data: { ...delivery, attempt: 1, dedupe_key: "", started_at: at, sealed_request: sealed },
      };
    case "DeliverySucceeded":
      return { type: happening, data: { ...attempt, ...priced } };
    case "DeliveryFailed":
      return { type: happening, data: { ...attempt, reason: "http_503", retry_at: at } };
    case "DeliveryRejected":
      return { type: happening, data: { ...attempt, reason: "no" } };
    case "DeliveryDuplicated":
      return { type: happening, data: { ...delivery, ...why } };
    case "DeliveryHeld":
      return { type: happening, data: { ...delivery, reason: "cap_day" } };
    case "DeliveryPassedOn":
      return { type: happening, data: { ...delivery, ...why } };
    case "DeliveryReturned":
      return { type: happening, data: { ...delivery, reason: "x", started_at: at } };
    case "DeliveryDeadLettered":
      return { type: happening, data: { ...delivery, ...why, cause: "retries_exhausted" } };
  }
}

export const happenings: readonly Happening[] = [
  ...(["PersonIdentified", "SubmissionRouted", "SubmissionUnrouted", "SubmissionRejected"] as const),
  ...([
    "SubmissionDeadLettered",
    "SubmissionRedriven",
    "SubmissionCorrected",
    "SubmissionDiscarded",
  ] as const),
  ...([
    "SubmissionReconciled",
    "DeliveryReconciled",
    "SubmissionReconciled/not",
    "DeliveryReconciled/not",
  ] as const),
  ...([
    "DeliveryStarted",
    "DeliverySucceeded",
    "DeliveryFailed",
    "DeliveryRejected",
    "DeliveryDuplicated",
  ] as const),
  ...(["DeliveryHeld", "DeliveryPassedOn", "DeliveryReturned", "DeliveryDeadLettered"] as const),
];
