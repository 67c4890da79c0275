// The fields of members in the clear, and what they replied. Both stand in the campaign's stream; the state says where, and nobody keeps
// them all in memory.
import { LRUCache } from "lru-cache";
import { type AddedMember, campaignEvents, campaignStream } from "#domain/campaign/events.ts";
import { factsOfMember, isMember, type MemberFields, readMember } from "#domain/campaign/member.ts";
import type { Member } from "#domain/campaign/member-state.ts";
import type { Sealed } from "#domain/event.ts";
import type { CampaignId, MemberId } from "#domain/ids.ts";
import type { Facts } from "#domain/rules/evaluate.ts";
import { memberContext, memberKey } from "#domain/seal-contexts.ts";
import { createCodec, type EventOf } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Vault } from "#platform/vault/vault.ts";

export interface Opened {
  readonly fields: MemberFields;
  readonly facts: Facts;
  readonly reply: string | undefined;
}

export interface FieldsOf {
  /** In the order given; undefined where the key is destroyed or what is sealed is damaged. */
  open(members: readonly (readonly [MemberId, Member])[]): Promise<(Opened | undefined)[]>;
  /** What stands, or will stand, in the event of this revision. */
  replied(revision: number, reply: Sealed): void;
  /** Replies that were told of may never have been stored. */
  forgetReplies(): void;
}

/** Of a hundred members each: whoever goes on at the same time was mostly added at the same time. */
const MAX_EVENTS_AT_HAND = 64;
/** Of all replies that are at hand, because they have just come. */
const MAX_REPLY_CHARACTERS = 16_000_000;
const { MembersAdded, MemberReplied } = campaignEvents;
const read = { MembersAdded, MemberReplied } as const;
type ReadEvent = EventOf<typeof read>;
const codec = createCodec(read);

/** Those who were added with one that begins come next: one look-up of keys serves them all. */
function keysSoon(
  members: readonly (readonly [MemberId, Member])[],
  added: readonly (readonly AddedMember[])[],
): string[] {
  const keys = new Set<string>();
  const beginning = new Set<readonly AddedMember[]>();
  for (const [n, [id, { status, moves }]] of members.entries()) {
    const together = added[n];
    if (status === "pending" && moves === 0 && together !== undefined) beginning.add(together);
    else keys.add(memberKey(id));
  }
  for (const together of beginning) for (const { sealed } of together) keys.add(sealed.key);
  return [...keys];
}

export function openFields(
  campaign: CampaignId,
  {
    eventStore,
    vault,
  }: { readonly eventStore: EventStore; readonly vault: Pick<Vault, "fetchKeys" | "openReadable"> },
): FieldsOf {
  const atHand = new LRUCache<number, Promise<readonly AddedMember[]>>({ max: MAX_EVENTS_AT_HAND });
  const replies = new LRUCache<number, Sealed>({
    maxSize: MAX_REPLY_CHARACTERS,
    sizeCalculation: ({ data }) => data.length + 1_000,
  });

  function addedIn(revision: number): Promise<readonly AddedMember[]> {
    const known = atHand.get(revision);
    if (known !== undefined) return known;
    const reading = readAdded(revision);
    atHand.set(revision, reading);
    reading.catch(() => atHand.delete(revision));
    return reading;
  }

  async function eventAt(revision: number): Promise<ReadEvent> {
    const [stored] = await eventStore.readStream(campaignStream(campaign), {
      from: BigInt(revision),
      maxCount: 1,
    });
    const decoded = stored && codec.decode(stored);
    if (decoded?.known !== true) throw notThere("no event of a member", revision);
    return decoded.event;
  }

  async function readAdded(revision: number): Promise<readonly AddedMember[]> {
    const event = await eventAt(revision);
    if (event.type !== "MembersAdded") throw notThere("no members were added", revision);
    return event.data.members;
  }

  async function replyOf(id: MemberId, { replied: revision }: Member): Promise<Sealed | undefined> {
    if (revision === undefined) return undefined;
    const known = replies.get(revision);
    if (known !== undefined) return known;
    const event = await eventAt(revision);
    if (event.type !== "MemberReplied" || event.data.member_id !== id)
      throw notThere(`member ${id} has not replied`, revision);
    replies.set(revision, event.data.sealed);
    return event.data.sealed;
  }

  const notThere = (what: string, revision: number): Error =>
    new Error(`${what} in ${campaignStream(campaign)} at ${revision}`);

  return {
    async open(members) {
      const [added, said] = await Promise.all([
        Promise.all(members.map(([, one]) => addedIn(one.added.revision))),
        Promise.all(members.map(([id, one]) => replyOf(id, one))),
      ]);
      const sealed = members.flatMap(([id, { added: place }], n) => {
        const one = added[n]?.[place.n];
        const reply = said[n];
        if (one?.member_id !== id) throw new Error(`member ${id} is not where its campaign says`);
        const context = memberContext(id);
        return [
          { sealed: one.sealed, context },
          ...(reply === undefined ? [] : [{ sealed: reply, context }]),
        ];
      });
      await vault.fetchKeys(keysSoon(members, added));
      const opened = (await vault.openReadable(sealed)).values();
      return members.map(([id, { sentiment }], n) => {
        const fields = opened.next().value;
        const text = said[n] === undefined ? undefined : opened.next().value;
        if (fields === undefined) return undefined;
        const member = readMember(fields);
        if (!isMember(member)) return undefined;
        const reply = typeof text === "string" ? text : undefined;
        const place = { campaign, member_id: id, sentiment, reply };
        return { fields: member, facts: factsOfMember(member, place), reply };
      });
    },
    replied: (revision, reply) => void replies.set(revision, reply),
    forgetReplies: () => replies.clear(),
  };
}
