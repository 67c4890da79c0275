// A campaign's state, written down: a header, the columns one after the other, then in portions what few members have. Each part is
// preceded by its length, and made and read in a turn of its own: there may be a million members.
import { z } from "zod";
import { Members, type MembersCopy } from "#domain/campaign/members.ts";
import { type CampaignState, type ImportState, newCampaign } from "#domain/campaign/state.ts";
import { Sealed } from "#domain/event.ts";
import { DeliveryId, StepId, SubmissionId } from "#domain/ids.ts";

/** Raised with every change of what is written, and of what the events before it mean for a state. */
export const SNAPSHOT_FORMAT = 1;

/** A state as it was at one moment, whatever happens to it later. */
export interface StateCopy extends Pick<CampaignState, "migrated" | "import"> {
  readonly members: MembersCopy;
  readonly messages: readonly string[];
}

/** Takes no longer than copying some forty bytes a member. */
export function copyState({ members, messages, migrated, import: importing }: CampaignState): StateCopy {
  return { members: members.copy(), messages: [...messages], migrated, import: importing };
}

const PIECE_BYTES = 1024 * 1024;
const PORTION = 5_000;
const MEMBERS_IN_STEP = 20_000;
const LENGTH_BYTES = 4;

const Count = z.int().nonnegative();
const Import = z.object({
  id: z.string(),
  state: z.enum(["running", "done", "failed"]),
  pages: Count,
  request: Sealed,
  next: Sealed.optional(),
}) satisfies z.ZodType<ImportState>;
const Header = z.object({
  count: Count,
  migrated: Count,
  import: Import.optional(),
  places: z.array(z.tuple([Count, StepId])),
});
const Work = z.discriminatedUnion("type", [
  z.object({ type: z.literal("send"), submission_id: SubmissionId, delivery_id: DeliveryId }),
  z.object({ type: z.literal("analyze") }),
  z.object({ type: z.literal("submit"), submission_id: SubmissionId }),
]);
/** One of them at a time. */
const Portion = z.object({
  work: z.array(z.tuple([Count, Work])).default([]),
  replied: z.array(z.tuple([Count, Count])).default([]),
  redrives: z.array(z.tuple([Count, Count])).default([]),
  sentAs: z.array(z.tuple([Count, DeliveryId])).default([]),
  messages: z.array(z.string()).default([]),
});
type Portion = z.infer<typeof Portion>;

export function* snapshotPieces(copy: StateCopy): Generator<Buffer> {
  const { members, messages, migrated, import: importing } = copy;
  const { count, columns, added, places, queues, work, replied, redrives, sentAs } = members;
  yield* part(Buffer.from(JSON.stringify({ count, migrated, import: importing, places })));
  const { ids, due, moves, places: at, flags } = columns;
  const { fresh, toSend, toWork, working } = queues;
  for (const column of [ids, due, moves, at, flags, added, fresh, toSend, toWork, working])
    yield* part(Buffer.from(column.buffer, column.byteOffset, column.byteLength));
  for (const [name, all] of Object.entries({ work, replied, redrives, sentAs, messages }))
    for (let from = 0; from < all.length; from += PORTION)
      yield* part(Buffer.from(JSON.stringify({ [name]: all.slice(from, from + PORTION) })));
}

function* part(bytes: Buffer): Generator<Buffer> {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(bytes.length);
  yield length;
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) yield bytes.subarray(from, from + PIECE_BYTES);
}

/** Throws where it is not whole. `revision`: of the last event that is in it. */
export function* stateOfSnapshot(bytes: Buffer, revision: number): Generator<void, CampaignState> {
  let at = 0;
  function next(): Buffer {
    const from = at + LENGTH_BYTES;
    at = from + bytes.readUInt32LE(at);
    if (at > bytes.length)
      throw new RangeError(`a part of the snapshot ends at ${at} of ${bytes.length} bytes`);
    return bytes.subarray(from, at);
  }
  // Copied, so that words begin where a word may begin.
  const copied = (): ArrayBuffer => new Uint8Array(next()).buffer;
  const words = (): Uint32Array => new Uint32Array(copied());
  const { count, places, migrated, import: importing } = Header.parse(JSON.parse(next().toString("utf8")));
  const columns = {
    ids: words(),
    due: new Float64Array(copied()),
    moves: words(),
    places: words(),
    flags: new Uint8Array(copied()),
  };
  const added = words();
  const queues = { fresh: words(), toSend: words(), toWork: words(), working: words() };
  yield;
  const few: Portion = { work: [], replied: [], redrives: [], sentAs: [], messages: [] };
  while (at < bytes.length) {
    const portion = Portion.parse(JSON.parse(next().toString("utf8")));
    few.work.push(...portion.work);
    few.replied.push(...portion.replied);
    few.redrives.push(...portion.redrives);
    few.sentAs.push(...portion.sentAs);
    few.messages.push(...portion.messages);
    yield;
  }
  const { messages, ...some } = few;
  const members = yield* Members.from({ count, columns, added, places, queues, ...some }, MEMBERS_IN_STEP);
  return { ...newCampaign(), revision, members, messages: new Set(messages), migrated, import: importing };
}
