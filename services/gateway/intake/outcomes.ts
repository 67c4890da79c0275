// The outcome of a submission, for producers that wait for it. The log is followed only while somebody waits.
import { EventEmitter, once } from "node:events";
import type { Sealed } from "#domain/event.ts";
import type { SubmissionId } from "#domain/ids.ts";
import { deadReason, PARTNER_STREAM_PREFIX, partnerEvents } from "#domain/partner/events.ts";
import { deliveryContext } from "#domain/seal-contexts.ts";
import { SUBMISSION_STREAM_PREFIX, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { createCodec, type EventOf } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { LeadQueries } from "#projections/leads/query.ts";
import type { Receipt } from "./store.ts";

/** As it is sent; JSON has no fields that are undefined. */
interface Outcome {
  readonly outcome: "success" | "failure" | "error";
  readonly reason: string | undefined;
  readonly partner: string | undefined;
  readonly price: number | undefined;
}

export interface OutcomeAt {
  readonly outcome: Outcome;
  readonly position: bigint;
}

/** As events tell it: what the partner gave as its reason is still sealed. */
interface Ending extends OutcomeAt {
  readonly words?: { readonly sealed: Sealed; readonly context: string };
}

export interface Outcomes {
  /** Undefined when the submission has not ended within this time, or when too many wait already. */
  wait(receipt: Receipt, waitMs: number): Promise<OutcomeAt | undefined>;
}

const MAX_WAITING = 2_000;
/** The log is followed for this long after the last waiter has left. */
const LINGER_MS = 5_000;

/** The partner's stream says that a partner has it, the submission's own how else it ended. */
const { DeliverySucceeded, DeliveryDuplicated } = partnerEvents;
const ends = { ...submissionEvents, DeliverySucceeded, DeliveryDuplicated } as const;
const codec = createCodec(ends);

const outcomeOfEvent: Readonly<Record<EventOf<typeof ends>["type"], Outcome["outcome"] | undefined>> = {
  SubmissionReceived: undefined,
  PersonIdentified: undefined,
  SubmissionRouted: undefined,
  SubmissionRedriven: undefined,
  SubmissionCorrected: undefined,
  SubmissionReconciled: undefined,
  SubmissionDiscarded: "failure",
  DeliverySucceeded: "success",
  DeliveryDuplicated: "failure",
  SubmissionRejected: "failure",
  SubmissionUnrouted: "failure",
  SubmissionDeadLettered: "error",
};

/** Of what is given back it is the partner's reason that counts. */
const ENDED_AT_PARTNER: ReadonlySet<string> = new Set(["delivered", "duplicate", "returned"]);

export interface OutcomesParts {
  readonly eventStore: EventStore;
  readonly leads: Pick<LeadQueries, "byId" | "reached">;
  readonly vault: Pick<Vault, "openReadable">;
  readonly lifecycle: Lifecycle;
}

export function createOutcomes({ eventStore, leads, vault, lifecycle }: OutcomesParts): Outcomes {
  /** Emits an Ending by the id of its submission. */
  const ended = new EventEmitter().setMaxListeners(0);
  let waiting = 0;
  let following: AbortController | undefined;
  let lingering: NodeJS.Timeout | undefined;
  lifecycle.own("outcomes", stopFollowing);

  function stopFollowing(): void {
    clearTimeout(lingering);
    following?.abort();
    following = undefined;
  }

  function followFrom(position: bigint): void {
    clearTimeout(lingering);
    if (following !== undefined) return;
    following = new AbortController();
    eventStore.follow({
      name: "outcomes",
      prefixes: [SUBMISSION_STREAM_PREFIX, PARTNER_STREAM_PREFIX],
      from: position,
      signal: following.signal,
      onEvents: async (events) => {
        for (const event of events) {
          const id = submissionIn(event);
          const outcome = id !== undefined && ended.listenerCount(id) > 0 ? outcomeOf(event) : undefined;
          if (id !== undefined && outcome !== undefined) ended.emit(id, outcome);
        }
      },
    });
  }

  /** It may have ended before the log was followed. */
  async function known(id: SubmissionId, waitMs: number): Promise<Ending | undefined> {
    const [last] = await eventStore.readStreamBackwards(submissionStream(id), 1);
    const isAtPartner = last?.type === "SubmissionRouted" || last?.type === "SubmissionReconciled";
    if (!isAtPartner) return last && outcomeOf(last);
    // What its partner's stream says of it stands somewhere in it: only the read model knows where.
    const head = await eventStore.head();
    if (!(await leads.reached(head, waitMs))) return undefined;
    const lead = await leads.byId(id);
    if (lead === undefined || !ENDED_AT_PARTNER.has(lead.status)) return undefined;
    const { status, reason, partner, price } = lead;
    const outcome = status === "delivered" ? "success" : "failure";
    return { outcome: { outcome, reason, partner, price }, position: head };
  }

  async function opened({ outcome, position, words }: Ending): Promise<OutcomeAt> {
    const [reason] = words === undefined ? [] : await vault.openReadable([words]);
    return { outcome: typeof reason === "string" ? { ...outcome, reason } : outcome, position };
  }

  return {
    async wait({ id, position, duplicate }, waitMs) {
      if (waiting >= MAX_WAITING || waitMs <= 0) return undefined;
      waiting += 1;
      const leaving = new AbortController();
      const timer = setTimeout(() => leaving.abort(), waitMs);
      const next: Promise<Ending | undefined> = once(ended, id, { signal: leaving.signal }).then(
        ([outcome]) => outcome,
        () => undefined,
      );
      try {
        // A repeat may be of long ago: nothing between then and now is worth reading.
        followFrom(duplicate ? await eventStore.head() : position);
        const ending = await Promise.race([
          next,
          known(id, waitMs).then(
            (outcome) => outcome ?? next,
            () => next,
          ),
        ]);
        return ending && (await opened(ending));
      } catch {
        return undefined;
      } finally {
        clearTimeout(timer);
        leaving.abort();
        waiting -= 1;
        clearTimeout(lingering);
        if (waiting === 0) lingering = setTimeout(stopFollowing, LINGER_MS).unref();
      }
    },
  };
}

function submissionIn({ data }: StoredEvent): string | undefined {
  if (typeof data !== "object" || data === null || !("submission_id" in data)) return undefined;
  return typeof data.submission_id === "string" ? data.submission_id : undefined;
}

function outcomeOf(stored: StoredEvent): Ending | undefined {
  const decoded = codec.decode(stored);
  const outcome = decoded.known ? outcomeOfEvent[decoded.event.type] : undefined;
  if (!decoded.known || outcome === undefined) return undefined;
  const { type, data } = decoded.event;
  const { partner, price, ...told } = data as Partial<Outcome>;
  const reason = type === "SubmissionDeadLettered" ? deadReason(data) : told.reason;
  const words =
    "sealed_reason" in data && data.sealed_reason !== undefined
      ? { words: { sealed: data.sealed_reason, context: deliveryContext(data.delivery_id) } }
      : {};
  return { outcome: { outcome, reason, partner, price }, position: stored.position, ...words };
}
