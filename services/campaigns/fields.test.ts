import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Member } from "#domain/campaign/member-state.ts";
import { CampaignId, MemberId } from "#domain/ids.ts";
import { memberKey } from "#domain/seal-contexts.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { openFields } from "./fields.ts";

const test = suite("fields of a campaign's members");
const campaign = CampaignId.parse("spring");
const ids = Array.from({ length: 100 }, () => MemberId.parse(newUuid()));
const keys = ids.map(memberKey);

const added: StoredEvent = {
  id: newUuid(),
  stream: "campaign-spring",
  revision: 0n,
  position: 1n,
  type: "MembersAdded",
  version: 1,
  data: {
    campaign,
    members: ids.map((member_id) => ({
      member_id,
      sealed: { key: memberKey(member_id), iv: "", tag: "", data: "" },
    })),
    at: "2026-01-05T10:00:00.000Z",
  },
  metadata: { schema: 1, at: "2026-01-05T10:00:00.000Z" },
  created: new Date(0),
};

function opened(): {
  readonly fetched: string[][];
  readonly open: (nth: number, changed: Partial<Member>) => Promise<unknown>;
} {
  const fetched: string[][] = [];
  const vault: Pick<Vault, "fetchKeys" | "openReadable"> = {
    fetchKeys: async (all) => void fetched.push([...all]),
    openReadable: async (items) => items.map(() => ({ email: "ann@example.com" })),
  };
  const eventStore = { readStream: async () => [added] } as unknown as EventStore;
  const fields = openFields(campaign, { eventStore, vault });
  return {
    fetched,
    open(nth, changed) {
      const member: Member = {
        status: "pending",
        version: 0,
        moves: 0,
        redrives: 0,
        added: { revision: 0, n: nth },
        ...changed,
      };
      return fields.open([[ids[nth] as MemberId, member]]);
    },
  };
}

test("fetches the keys of all who were added with one that begins", async () => {
  const { fetched, open } = opened();
  await open(3, {});
  assert.equal(fetched, [keys]);
});

test("fetches the key of one alone that has begun before, so that keys of others stay at hand", async () => {
  const { fetched, open } = opened();
  await open(3, { status: "waiting", moves: 2 });
  await open(4, { moves: 1 });
  assert.equal(fetched, [[keys[3]], [keys[4]]]);
});

test.run();
