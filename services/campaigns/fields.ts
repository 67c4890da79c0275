// The fields of members in the clear. They stand in the campaign's stream; the state says where, and nobody keeps them all in memory.
import { LRUCache } from "lru-cache";
import { type AddedMember, campaignEvents, campaignStream } from "#domain/campaign/events.ts";
import { factsOfMember, isMember, type MemberFields, readMember } from "#domain/campaign/member.ts";
import type { Member } from "#domain/campaign/state.ts";
import type { CampaignId, MemberId } from "#domain/ids.ts";
import type { Facts } from "#domain/rules/evaluate.ts";
import { memberContext } from "#domain/seal-contexts.ts";
import { createCodec } from "#platform/event-store/codec.ts";
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
}

/** Of a hundred members each: whoever goes on at the same time was mostly added at the same time. */
const MAX_EVENTS_AT_HAND = 64;
const codec = createCodec({ MembersAdded: campaignEvents.MembersAdded });

export function openFields(
  campaign: CampaignId,
  { eventStore, vault }: { readonly eventStore: EventStore; readonly vault: Pick<Vault, "openReadable"> },
): FieldsOf {
  const atHand = new LRUCache<number, Promise<readonly AddedMember[]>>({ max: MAX_EVENTS_AT_HAND });

  function addedIn(revision: number): Promise<readonly AddedMember[]> {
    const known = atHand.get(revision);
    if (known !== undefined) return known;
    const reading = readAdded(revision);
    atHand.set(revision, reading);
    reading.catch(() => atHand.delete(revision));
    return reading;
  }

  async function readAdded(revision: number): Promise<readonly AddedMember[]> {
    const [stored] = await eventStore.readStream(campaignStream(campaign), {
      from: BigInt(revision),
      maxCount: 1,
    });
    const decoded = stored && codec.decode(stored);
    if (decoded?.known !== true) throw new Error(`no members are added in ${campaign} at ${revision}`);
    return decoded.event.data.members;
  }

  return {
    async open(members) {
      const added = await Promise.all(members.map(([, one]) => addedIn(one.added.revision)));
      const sealed = members.flatMap(([id, { added: place, reply }], n) => {
        const one = added[n]?.[place.n];
        if (one?.member_id !== id) throw new Error(`member ${id} is not where its campaign says`);
        const context = memberContext(id);
        return [
          { sealed: one.sealed, context },
          ...(reply === undefined ? [] : [{ sealed: reply, context }]),
        ];
      });
      const opened = (await vault.openReadable(sealed)).values();
      return members.map(([id, { reply, sentiment }]) => {
        const fields = opened.next().value;
        const text = reply === undefined ? undefined : opened.next().value;
        if (fields === undefined) return undefined;
        const read = readMember(fields);
        if (!isMember(read)) return undefined;
        const said = typeof text === "string" ? text : undefined;
        const place = { campaign, member_id: id, sentiment, reply: said };
        return { fields: read, facts: factsOfMember(read, place), reply: said };
      });
    },
  };
}
