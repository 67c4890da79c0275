// What a partner was delivered long ago, written straight into its stream.
import { DeliveryId, type PartnerId, SubmissionId } from "#domain/ids.ts";
import { type PartnerEvent, partnerEvents, partnerStream } from "#domain/partner/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { newUuid } from "#platform/ids.ts";

const codec = createCodec(partnerEvents);
const AT_ONCE = 400;
const timings = { total_ms: 5, partner_ms: 4, overhead_ms: 1 };

export interface PastDelivery {
  readonly delivery_id: DeliveryId;
  readonly submission_id: SubmissionId;
  readonly dedupe_key: string;
}

const numbered = (n: number, kind: string): string =>
  `00000000-0000-8000-${kind}-${String(n).padStart(12, "0")}`;

/** The n-th of them. */
export const pastDelivery = (n: number): PastDelivery => ({
  delivery_id: DeliveryId.parse(numbered(n, "8000")),
  submission_id: SubmissionId.parse(numbered(n, "9000")),
  dedupe_key: `key ${n}`,
});

/** When the n-th of them was started: a second after the one before. */
export const startedAt = (n: number): number => Date.parse("2026-01-01T00:00:00.000Z") + n * 1_000;

const sealed = { key: "k", iv: "", tag: "", data: "" };

function eventsOf(partner: PartnerId, n: number, one: PastDelivery): PartnerEvent[] {
  const { delivery_id, submission_id, dedupe_key } = one;
  const about = { partner, delivery_id, submission_id, attempt: 1 };
  const started_at = new Date(startedAt(n)).toISOString();
  return [
    { type: "DeliveryStarted", data: { ...about, dedupe_key, started_at, sealed_request: sealed } },
    { type: "DeliverySucceeded", data: { ...about, timings } },
  ];
}

/** From the `from`-th on, so many successful ones; a stream that has others goes on. */
export async function appendPast(
  eventStore: Pick<EventStore, "append" | "readStreamBackwards">,
  partner: PartnerId,
  from: number,
  count: number,
  deliveryOf = pastDelivery,
): Promise<void> {
  const stream = partnerStream(partner);
  const [last] = await eventStore.readStreamBackwards(stream, 1);
  let revision: bigint | "no_stream" = last?.revision ?? "no_stream";
  for (let first = from; first < from + count; first += AT_ONCE) {
    const many = Math.min(AT_ONCE, from + count - first);
    const events = Array.from({ length: many }, (_, n) => first + n).flatMap((n) =>
      eventsOf(partner, n, deliveryOf(n)).map((event) =>
        codec.encode(event, { id: newUuid(), at: new Date(startedAt(n)).toISOString() }),
      ),
    );
    ({ revision } = await eventStore.append(stream, revision, events));
  }
}
