// What a dead letter was about, in the clear: sealed in the newest event of its stream that has it.
import { Sealed } from "#domain/event.ts";
import { SubmissionId } from "#domain/ids.ts";
import { intakeStream, RefusalId } from "#domain/intake/events.ts";
import { submissionStream } from "#domain/submission/events.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { DeadLetterRow } from "./projection.ts";

export interface OpenedLettersParts {
  readonly vault: Pick<Vault, "openReadable">;
  readonly eventStore: Pick<EventStore, "readStream" | "readStreamBackwards">;
}

/** Its stream, and in which context its payload is sealed. */
const streamOf = ({ id, stage }: Pick<DeadLetterRow, "id" | "stage">): string =>
  stage === "intake" ? intakeStream(RefusalId.parse(id)) : submissionStream(SubmissionId.parse(id));

/** Streams that are read at once. */
const MAX_READS = 32;
/** Nearly always the payload stands in one of the newest. */
const NEWEST = 8;

/** In the order given; undefined where it can't be opened any more. */
export async function openedLetters(
  rows: readonly DeadLetterRow[],
  { vault, eventStore }: OpenedLettersParts,
): Promise<(unknown | undefined)[]> {
  const sealed: (Sealed | undefined)[] = rows.map(() => undefined);
  const left = [...rows.keys()];
  await Promise.all(
    Array.from({ length: Math.min(MAX_READS, left.length) }, async () => {
      for (let n = left.pop(); n !== undefined; n = left.pop())
        sealed[n] = await sealedIn(streamOf(rows[n] as DeadLetterRow), eventStore);
    }),
  );
  const items = rows.flatMap((row, n) => {
    const its = sealed[n];
    return its === undefined ? [] : [{ sealed: its, context: streamOf(row) }];
  });
  const opened = (await vault.openReadable(items)).values();
  return sealed.map((its) => its && opened.next().value);
}

async function sealedIn(
  stream: string,
  eventStore: OpenedLettersParts["eventStore"],
): Promise<Sealed | undefined> {
  const newest = await eventStore.readStreamBackwards(stream, NEWEST);
  const found = newest.map(sealedOf).find((sealed) => sealed !== undefined);
  if (found !== undefined || newest.length < NEWEST) return found;
  return (await eventStore.readStream(stream)).map(sealedOf).findLast((sealed) => sealed !== undefined);
}

const sealedOf = ({ data }: StoredEvent): Sealed | undefined =>
  Sealed.safeParse((data as { readonly sealed?: unknown } | null)?.sealed).data;
