// What decisions of the log rested on, in the clear.
import type { Sealed } from "#domain/event.ts";
import type { Facts } from "#domain/rules/evaluate.ts";
import { submissionContext } from "#domain/seal-contexts.ts";
import { submissionEvents, submissionStream } from "#domain/submission/events.ts";
import type { PastDecision } from "#domain/submission/past-decision.ts";
import { factsOf } from "#domain/submission/route.ts";
import { readSubmission } from "#domain/submission/submission.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import type { Vault } from "#platform/vault/vault.ts";

export interface RecordedFactsParts {
  readonly eventStore: Pick<EventStore, "streamEvents">;
  readonly vault: Pick<Vault, "openReadable">;
}

const codec = createCodec(submissionEvents);
/** Streams that are read at once. */
const MAX_READS = 32;

/** In the order given; undefined where the data is destroyed or can't be read. */
export async function recordedFacts(
  decisions: readonly PastDecision[],
  { eventStore, vault }: RecordedFactsParts,
): Promise<(Facts | undefined)[]> {
  const sealed = decisions.map((decision) => decision.sealed);
  const elsewhere = [...decisions.keys()].filter((n) => sealed[n] === undefined);
  await Promise.all(
    Array.from({ length: Math.min(MAX_READS, elsewhere.length) }, async () => {
      for (let n = elsewhere.pop(); n !== undefined; n = elsewhere.pop())
        sealed[n] = await sealedWhenIdentified(decisions[n] as PastDecision, eventStore);
    }),
  );
  const items = decisions.flatMap(({ id }, n) => {
    const its = sealed[n];
    return its === undefined ? [] : [{ sealed: its, context: submissionContext(id) }];
  });
  const opened = (await vault.openReadable(items)).values();
  return sealed.map((its) => {
    const submission = readSubmission(its && opened.next().value);
    return submission && factsOf(submission);
  });
}

/** What no rule matched stands sealed where it was identified. */
async function sealedWhenIdentified(
  { id }: PastDecision,
  eventStore: RecordedFactsParts["eventStore"],
): Promise<Sealed | undefined> {
  let found: Sealed | undefined;
  for await (const stored of eventStore.streamEvents(submissionStream(id))) {
    const decoded = decodeOrPassOver(codec, stored, () => undefined);
    if (decoded?.known && decoded.event.type === "PersonIdentified") found = decoded.event.data.sealed;
  }
  return found;
}
