// What a waiting member costs, and who comes next.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CampaignId, type MemberId, StepId } from "../ids.ts";
import { campaignDecider } from "./decide.ts";
import { MAX_MEMBERS_IN_EVENT } from "./events.ts";
import { Members } from "./members.ts";
import { activeIn, type CampaignState } from "./state.ts";

const test = suite("the members of a campaign");

const MAX_BYTES = 60;
const SIZES = [100_000, 1_000_000];
const campaign = CampaignId.parse("many");
const rest = StepId.parse("rest");
const sealed = { key: "k", iv: "i", tag: "t", data: "d" };
const NOON = Date.parse("2026-03-02T12:00:00Z");

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
async function bytesInUse(): Promise<number> {
  // Buffers are given back a little later than what held them.
  for (let times = 0; times < 3; times += 1) {
    collect();
    await new Promise(setImmediate);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** As random as real ones in the part that goes first. */
function idOf(n: number): MemberId {
  const hex = (Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `${hex}-0000-8000-8000-${`${n}`.padStart(12, "0")}` as MemberId;
}

/** Through the events that the stream of such a campaign holds. Each is due within two days. */
function waitingMembers(count: number): { readonly state: CampaignState; readonly longestMs: number } {
  const state = campaignDecider.initial;
  const at = new Date(NOON).toISOString();
  for (let from = 0; from < count; from += MAX_MEMBERS_IN_EVENT) {
    const members = Array.from({ length: MAX_MEMBERS_IN_EVENT }, (_, n) => ({
      member_id: idOf(from + n),
      sealed,
    }));
    campaignDecider.evolve(state, { type: "MembersAdded", data: { campaign, members, at } });
  }
  let longestMs = 0;
  for (let n = 0; n < count; n += 1) {
    const about = {
      campaign,
      member_id: idOf(n),
      was: "pending",
      passed: [] as StepId[],
      version: 1,
      step: rest,
    } as const;
    const due_at = new Date(NOON + ((n * 7_919) % 172_800_000)).toISOString();
    const began = performance.now();
    campaignDecider.evolve(state, {
      type: "MemberWaiting",
      data: { ...about, moves: 1, due_at, ends_by_reply: true },
    });
    longestMs = Math.max(longestMs, performance.now() - began);
  }
  return { state, longestMs };
}

// So that what is compiled meanwhile is no member's.
test.before(() => void waitingMembers(100_000));

for (const count of SIZES)
  test(`cost less than ${MAX_BYTES} bytes each where ${count} wait`, async () => {
    const before = await bytesInUse();
    const { state, longestMs } = waitingMembers(count);
    const bytes = ((await bytesInUse()) - before) / count;
    const timed = (work: () => void): number => {
      const began = performance.now();
      work();
      return Math.round(performance.now() - began);
    };
    const copyMs = timed(() => state.members.copy());
    const migrateMs = timed(() => state.members.migrate(2, { rest: StepId.parse("other") }));
    const cancelMs = timed(() => state.members.cancelIdle());
    assert.is(activeIn(state), 0);
    const figures = [
      `${bytes.toFixed(1)} bytes each`,
      `the longest event of one took ${Math.round(longestMs)} ms`,
      `a copy ${copyMs} ms, a migration ${migrateMs} ms, a cancel ${cancelMs} ms`,
    ];
    console.log(`note: ${count} waiting members: ${figures.join(", ")}`);
    assert.ok(bytes < MAX_BYTES, `${bytes} bytes each`);
  });

const member = fc.integer({ min: 0, max: 9 });
const change = fc.oneof(
  fc.record({ type: fc.constant("wait" as const), n: member, due: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ type: fc.constant("end" as const), n: member }),
  fc.record({ type: fc.constant("take" as const) }),
  fc.record({ type: fc.constant("wake" as const), n: member, at: fc.integer({ min: 0, max: 80 }) }),
);

test("are woken the earliest first, those of the same moment as they were added, nobody twice", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const members = new Members();
      members.startAdding(0);
      for (let n = 0; n < 10; n += 1) members.add(idOf(n));
      /** By member: when it is woken. */
      const expected = new Map<number, number>();
      const dueOf = new Map<number, number>();
      let moves = 0;
      const takeBoth = (): void => {
        const next = [...expected].sort(([n, at], [other, otherAt]) => at - otherAt || n - other)[0];
        assert.is(members.nextDueAt, next?.[1] ?? Number.POSITIVE_INFINITY);
        assert.is(members.takeDue(), next && idOf(next[0]));
        if (next !== undefined) expected.delete(next[0]);
      };
      for (const one of changes) {
        if (one.type === "take") {
          takeBoth();
          continue;
        }
        const known = members.get(idOf(one.n));
        if (known === undefined) continue;
        if (one.type === "wait") {
          moves += 1;
          const wait = { due: one.due, ends_by_reply: false };
          members.put(idOf(one.n), { ...known, status: "waiting", step: rest, version: 1, moves, wait });
          expected.set(one.n, one.due);
          dueOf.set(one.n, one.due);
        } else if (one.type === "end") {
          const { wait: _, ...ended } = known;
          members.put(idOf(one.n), { ...ended, status: "done" });
          expected.delete(one.n);
        } else {
          members.wakeAt(idOf(one.n), one.at);
          if (known.status === "waiting" && !expected.has(one.n))
            expected.set(one.n, Math.max(one.at, dueOf.get(one.n) ?? 0));
        }
      }
      for (let left = expected.size; left >= 0; left -= 1) takeBoth();
    }),
    { numRuns: 500 },
  );
});

test.run();
