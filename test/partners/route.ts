// What the lead's actor writes when the rules have decided for a partner.
import { DeliveryId, type PartnerId, SourceId, SubmissionId } from "#domain/ids.ts";
import { nobodyKey, submissionContext } from "#domain/seal-contexts.ts";
import { submissionEvents, submissionStream } from "#domain/submission/events.ts";
import type { Submission } from "#domain/submission/submission.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { newUuid } from "#platform/ids.ts";
import type { Vault } from "#platform/vault/vault.ts";

const codec = createCodec(submissionEvents);

export interface Routed {
  readonly partner: PartnerId;
  readonly submission_id: SubmissionId;
  readonly delivery_id: DeliveryId;
}

export async function routeTo(
  { eventStore, vault }: { readonly eventStore: EventStore; readonly vault: Vault },
  partner: PartnerId,
  payload: Record<string, unknown> = {},
  remaining: readonly PartnerId[] = [],
): Promise<Routed> {
  const submission_id = SubmissionId.parse(newUuid());
  const delivery_id = DeliveryId.parse(newUuid());
  const source = SourceId.parse("demo");
  const received_at = new Date().toISOString();
  const { email } = payload;
  const submission: Submission = {
    kind: "lead",
    source,
    received_at,
    idempotency_key: submission_id,
    payload,
    normalised: typeof email === "string" ? { email: email.toLowerCase() } : {},
  };
  const sealed = await vault.seal(nobodyKey("2026-01"), submission, submissionContext(submission_id));
  const about = { submission_id, kind: "lead", source, received_at, sealed } as const;
  const route = { partner, delivery_id, leg: 1, remaining: [...remaining], rule: null, ruleset_version: 1 };
  const key_fingerprint = vault.fingerprint("key", submission_id);
  const events = [
    { type: "SubmissionReceived", data: { ...about, fingerprint: "", key_fingerprint } },
    { type: "PersonIdentified", data: { submission_id, match: "nobody", sealed } },
    { type: "SubmissionRouted", data: { ...about, key_fingerprint, route } },
  ] as const;
  const encoded = events.map((event) => codec.encode(event, { id: newUuid(), at: received_at }));
  await eventStore.append(submissionStream(submission_id), "no_stream", encoded);
  return { partner, submission_id, delivery_id };
}
