// What a dead letter was about, in the clear. The rows of leads have it in one statement; what they lack, or have under a key that is gone,
// is sealed in the newest event of its stream that has it.
import { campaignEvents, campaignStream } from "#domain/campaign/events.ts";
import { Sealed } from "#domain/event.ts";
import { MemberId, SubmissionId } from "#domain/ids.ts";
import { intakeStream, RefusalId } from "#domain/intake/events.ts";
import { memberContext } from "#domain/seal-contexts.ts";
import { submissionStream } from "#domain/submission/events.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { DeadLetterRow } from "./projection.ts";

/** The payloads of these leads as a read model keeps them: of none where it can't be asked. */
export type KeptPayloads = (ids: readonly string[]) => Promise<ReadonlyMap<string, Sealed>>;

export interface OpenedLettersParts {
  readonly vault: Pick<Vault, "openReadable">;
  readonly eventStore: Pick<EventStore, "readStream" | "readStreamBackwards">;
  readonly keptPayloads: KeptPayloads;
}

/** In which its payload is sealed; but for members of campaigns, the stream that has it too. */
const contextOf = ({ id, stage }: Pick<DeadLetterRow, "id" | "stage">): string => {
  switch (stage) {
    case "intake":
      return intakeStream(RefusalId.parse(id));
    case "campaign":
      return memberContext(MemberId.parse(id));
    case "identify":
    case "route":
    case "deliver":
      return submissionStream(SubmissionId.parse(id));
  }
};

/** Streams that are read at once. */
const MAX_READS = 32;
/** Nearly always the payload stands in one of the newest. */
const NEWEST = 8;

/** In the order given; undefined where it can't be opened any more. */
export async function openedLetters(
  rows: readonly DeadLetterRow[],
  { vault, eventStore, keptPayloads }: OpenedLettersParts,
): Promise<(unknown | undefined)[]> {
  const open = async (sealed: readonly (Sealed | undefined)[]): Promise<(unknown | undefined)[]> => {
    const items = rows.flatMap((row, n) => {
      const its = sealed[n];
      return its === undefined ? [] : [{ sealed: its, context: contextOf(row) }];
    });
    const opened = (await vault.openReadable(items)).values();
    return sealed.map((its) => its && opened.next().value);
  };
  const kept = await keptPayloads(rows.filter(isOfLead).map(({ id }) => id));
  const opened = await open(rows.map(({ id }) => kept.get(id)));
  const left = [...opened.keys()].filter((n) => opened[n] === undefined);
  if (left.length === 0) return opened;
  const inTheLog: (Sealed | undefined)[] = rows.map(() => undefined);
  await Promise.all(
    Array.from({ length: Math.min(MAX_READS, left.length) }, async () => {
      for (let n = left.pop(); n !== undefined; n = left.pop())
        inTheLog[n] = await sealedOfRow(rows[n] as DeadLetterRow, eventStore);
    }),
  );
  const found = await open(inTheLog);
  return opened.map((one, n) => one ?? found[n]);
}

export const isOfLead = ({ stage }: Pick<DeadLetterRow, "stage">): boolean =>
  stage !== "intake" && stage !== "campaign";

async function sealedOfRow(
  row: DeadLetterRow,
  eventStore: OpenedLettersParts["eventStore"],
): Promise<Sealed | undefined> {
  const { id, campaign, added } = row;
  if (campaign === null || added === null) return sealedIn(contextOf(row), eventStore);
  const [stored] = await eventStore.readStream(campaignStream(campaign), { from: added, maxCount: 1 });
  const found = campaignEvents.MembersAdded.schema.safeParse(stored?.data).data;
  return found?.members.find(({ member_id }) => member_id === id)?.sealed;
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
