// A campaign is taken over from a snapshot and the events after it, whatever its owner did last. With CAMPAIGN_MEMBERS=1000000 it shows how
// long that takes for a million; otherwise there are few.
import { createHash } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CampaignCommand } from "#domain/campaign/decide.ts";
import { campaignStream } from "#domain/campaign/events.ts";
import type { CampaignState } from "#domain/campaign/state.ts";
import { CampaignId, MemberId, StepId } from "#domain/ids.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { createLog } from "#platform/log.ts";
import { openSnapshotStore } from "#platform/snapshots.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { copyState, SNAPSHOT_FORMAT } from "./snapshot-format.ts";
import { snapshotsOf } from "./snapshots.ts";
import { openCampaignWriter } from "./writer.ts";

const test = suite("a campaign that is taken over");
const MEMBERS = Number(process.env.CAMPAIGN_MEMBERS ?? 3_000);
const EVERY = process.env.CAMPAIGN_MEMBERS === undefined ? 1_000 : 50_000;
const PORTION = Math.min(2_000, EVERY / 2);
let yard: TestYard;
test.before(async () => {
  yard = await startTestYard();
});
test.after(() => yard?.stop());

const spring = CampaignId.parse("spring");
const rest = StepId.parse("rest");
const sealed = { key: "member", iv: "i".repeat(16), tag: "t".repeat(24), data: "d".repeat(200) };
const NOON = Date.parse("2026-03-02T12:00:00Z");
const told: string[] = [];
const log = createLog({ level: "silent", name: "test", instance: "test" });
for (const level of ["warn", "error"] as const)
  log[level] = ((...said: unknown[]) => told.push(String(said.at(-1)))) as typeof log.warn;

const idOf = (n: number): MemberId => {
  const hex = createHash("md5").update(`${n}`).digest("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`];
  return MemberId.parse([...parts, hex.slice(20)].join("-"));
};

/** A process that takes the campaign; it does not notice when another does. */
async function takeOver(campaign: CampaignId) {
  let read = 0;
  const eventStore: EventStore = {
    ...yard.own.eventStore(),
    async *streamEvents(stream, from) {
      for await (const event of yard.own.eventStore().streamEvents(stream, from)) {
        read += 1;
        yield event;
      }
    },
  };
  const store = await openSnapshotStore({ database: yard.own.database(), format: SNAPSHOT_FORMAT, log });
  const snapshots = snapshotsOf(campaign, { store, log, everyEvents: EVERY });
  const writer = openCampaignWriter({
    campaign,
    mayWrite: () => true,
    eventStore,
    snapshots,
    onLoaded: () => undefined,
    onReply: () => undefined,
    log,
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  await writer.open();
  const ms = Math.round(performance.now() - began);
  delay.disable();
  const state = (): CampaignState => writer.state as CampaignState;
  const write = async (command: CampaignCommand) => (await writer.write({ command })).decision;
  return { writer, snapshots, state, write, read: () => read, ms, longestMs: Math.round(delay.max / 1e6) };
}

const waits = (campaign: CampaignId, n: number): CampaignCommand => ({
  type: "move",
  campaign,
  member_id: idOf(n),
  was: "pending",
  moves: 0,
  passed: [],
  to: { type: "wait", version: 1, step: rest, due_at: new Date(NOON + n).toISOString(), ends_by_reply: true },
  concurrency: 1,
  at: NOON,
});
const replies = (campaign: CampaignId, n: number): CampaignCommand => {
  const at = new Date(NOON).toISOString();
  return { type: "reply", campaign, member_id: idOf(n), message: `m${n}`, sealed, at };
};

type Owner = Awaited<ReturnType<typeof takeOver>>;

async function addWaiting({ write }: Owner, campaign: CampaignId, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += PORTION) {
    const some = Array.from({ length: Math.min(PORTION, to - n) }, (_, k) => n + k);
    const members = some.map((k) => ({ member_id: idOf(k), sealed }));
    await write({ type: "add", campaign, members, at: new Date(NOON).toISOString() });
    await Promise.all(some.map((k) => write(waits(campaign, k))));
  }
}

test("is read from the newest snapshot, to the state that its owner had when it was killed", async () => {
  const first = await takeOver(spring);
  assert.is(first.read(), 0);
  await addWaiting(first, spring, 0, MEMBERS);
  await first.snapshots.written();
  await Promise.all([1, 2, 3].map((n) => first.write(replies(spring, n))));
  // Killed: it closes nothing.
  const next = await takeOver(spring);
  const [last] = await yard.own.eventStore().readStreamBackwards(campaignStream(spring), 1);
  assert.is(Number(last?.revision), next.state().revision);
  const { members } = next.state();
  assert.ok(next.read() < EVERY + PORTION * 1.1 + 3, `${next.read()} events read`);
  assert.ok(next.read() >= 3);
  assert.is(members.waiting, MEMBERS);
  assert.equal(copyState(next.state()), copyState(first.state()));
  if (process.env.CAMPAIGN_MEMBERS !== undefined)
    console.log(
      `note: ${MEMBERS} members, ${last?.revision} events: taken over in ${next.ms} ms with ${next.read()} events read, the event loop stood still for ${next.longestMs} ms at most`,
    );
  assert.equal(
    [1, 2, 3].map(() => members.takeDue()),
    [1, 2, 3].map(idOf),
    "those who replied come first",
  );
  assert.is(members.takeDue(), idOf(0));
});

test("is not changed any more by the owner that has lost it, which reads it again instead", async () => {
  const campaign = CampaignId.parse("lost");
  const late = await takeOver(campaign);
  await addWaiting(late, campaign, 0, 10);
  const next = await takeOver(campaign);
  const ends = (n: number): CampaignCommand => {
    const left = { step: rest, how: "timed_out" } as const;
    const about = { type: "move", campaign, member_id: idOf(n), was: "waiting", moves: 1, left } as const;
    return { ...about, passed: [], to: undefined, concurrency: 1, at: NOON + 1_000 };
  };
  assert.ok((await next.write(ends(1))).accepted);
  const [again, other] = await Promise.all([late.write(ends(1)), late.write(ends(2))]);
  assert.equal(
    [again, other],
    [
      { accepted: false, reason: "not_stored" },
      { accepted: false, reason: "not_stored" },
    ],
  );
  assert.equal(await late.write(ends(1)), { accepted: false, reason: "moved_already" });
  const events = await yard.own.eventStore().readStream(campaignStream(campaign));
  assert.is(events.filter(({ type }) => type === "MemberDone").length, 1);
  assert.equal(copyState(late.state()), copyState(next.state()));
});

test("is read from its start where the snapshot is of events that the log has no more, or is damaged", async () => {
  const campaign = CampaignId.parse("restored");
  const first = await takeOver(campaign);
  await addWaiting(first, campaign, 0, EVERY > 1_000 ? 10 : 1_200);
  await first.snapshots.written();
  const database = yard.own.database();
  const name = `campaign-${campaign}`;
  if (EVERY <= 1_000) {
    assert.is(await database.execute("select from snapshots.snapshot where name = $1", [name]), 1);
    await database.execute("update snapshots.part set bytes = 'x' where name = $1", [name]);
  }
  const next = await takeOver(campaign);
  assert.is(next.read(), next.state().revision + 1);
  assert.equal(copyState(next.state()), copyState(first.state()));
  await next.snapshots.written();
  assert.is(await next.snapshots.newest(5n), undefined);
  assert.is(await database.execute("select from snapshots.snapshot where name = $1", [name]), 0);
  assert.ok(EVERY > 1_000 || told.some((one) => one.includes("snapshot damaged")), told.join());
});

test.run();
