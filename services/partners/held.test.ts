// What is held: how much memory it takes, and when it is mailed again.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, SubmissionId } from "#domain/ids.ts";
import type { PartnerSettings } from "#domain/partner/config.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { partnerDecider } from "#domain/partner/decide.ts";
import type { PartnerEvent } from "#domain/partner/events.ts";
import { submissionStream } from "#domain/submission/events.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { createLog } from "#platform/log.ts";
import { until } from "../../test/harness/wait.ts";
import { createHeld, type Held } from "./held.ts";

const test = suite("deliveries that are held");
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const partner = PartnerId.parse("edu");
const HELD = 100_000;
const log = createLog({ level: "silent", name: "test", instance: "test" });

function heldState(count = HELD) {
  let state = partnerDecider.initial;
  for (let n = 0; n < count; n += 1) {
    const about = { delivery_id: DeliveryId.parse(newUuid()), submission_id: SubmissionId.parse(newUuid()) };
    const event: PartnerEvent = {
      type: "DeliveryHeld",
      data: { partner, ...about, attempts: 0, reason: "cap_day", until: "2026-01-06T00:00:00.000Z" },
    };
    state = partnerDecider.evolve(state, JSON.parse(JSON.stringify(event)) as PartnerEvent);
  }
  return state;
}

test("a hundred thousand take less than 100 MB", () => {
  collect();
  const before = process.memoryUsage().heapUsed;
  const state = heldState();
  collect();
  const used = (process.memoryUsage().heapUsed - before) / 2 ** 20;
  assert.is(state.held.size, HELD);
  assert.ok(used < 60, `${Math.round(used)} MB`);
});

const configuredAs = (config: Partial<PartnerSettings>): ConfiguredPartner => ({
  config: { name: "Edu", enabled: true, ...config } as PartnerSettings,
  version: 1,
  delivery: undefined,
  standing: "active",
});

/** A partner without limits unless told, whose mailbox a test leads. */
function stage(
  count: number,
  onMailed: (held: Held, id: DeliveryId) => void = () => undefined,
  settings: Partial<PartnerSettings> = {},
) {
  const configured = configuredAs(settings);
  const state = heldState(count);
  const order = [...state.held];
  const numbers = new Map(
    [...state.open].map(([, { submission_id }], n) => [submissionStream(submission_id), n]),
  );
  const mailed: number[] = [];
  const queue = { pending: 0, ackPending: 0, redelivered: 0, ackFloorSeq: 0, deliveredSeq: 0 };
  const it = { partners: new Map([[partner, configured]]) };
  const held: Held = createHeld({
    partner,
    configured: () => configured,
    partners: () => it.partners,
    writer: { state, write: () => Promise.reject(new Error("nothing is given up")) },
    isResting: () => false,
    mayMail: () => true,
    eventStore: {
      readStream: async () => [],
      async readStreamBackwards(stream) {
        const n = numbers.get(stream) ?? -1;
        const data = { route: { delivery_id: order[n] } };
        return [
          { id: `${n}`, type: "SubmissionRouted", data, created: new Date(0) } as unknown as StoredEvent,
        ];
      },
    },
    bus: {
      lastMessage: async () => undefined,
      consumerState: async () => queue,
      async publish(_subject, _message, { id }) {
        const n = Number.parseInt(id, 10);
        mailed.push(n);
        queue.ackPending += 1;
        onMailed(held, order[n] as DeliveryId);
        return { seq: mailed.length, duplicate: false };
      },
    },
    log,
  });
  return Object.assign(it, { held, mailed, queue });
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

test("are mailed in their order, and no more of them at once than may be begun soon", async () => {
  const { held, mailed } = stage(HELD);
  held.review();
  await until("some are mailed", () => mailed.length > 0);
  held.review();
  await until("as many as may be", () => mailed.length === 512);
  assert.equal(mailed, upTo(512));
  held.close();
});

test("are mailed again when the mailbox has lost them, and not while it has them", async () => {
  const realNow = Date.now;
  const { held, mailed, queue } = stage(3);
  held.review();
  await until("all are mailed", () => mailed.length === 3);
  let aheadMs = 0;
  Date.now = () => realNow() + aheadMs;
  try {
    // The first two are done with, and nothing came of them; the third is still there.
    [queue.ackPending, queue.ackFloorSeq] = [1, 2];
    aheadMs += 61_000;
    held.review();
    await until("the lost ones are mailed again", () => mailed.length === 5);
    assert.equal(mailed, [0, 1, 2, 0, 1]);
    queue.ackPending = 0;
    aheadMs += 61_000;
    held.review();
    await until("an emptied mailbox has lost all", () => mailed.length === 8);
    assert.equal(mailed.slice(5).sort(), [0, 1, 2]);
  } finally {
    Date.now = realNow;
    held.close();
  }
});

test("are asked once more about a next partner when one is enabled, and when their owner begins", async () => {
  const full = { caps: { total: 0 } };
  const it = stage(1_000, (its, id) => its.remains(id), full);
  const other = PartnerId.parse("fin");
  const enabled = (is: boolean) => new Map([...it.partners, [other, configuredAs({ enabled: is })] as const]);
  it.partners = enabled(true);
  it.held.review();
  await until("its owner begins", () => it.mailed.length === 1_000, 5_000);
  assert.equal(it.mailed, upTo(1_000));
  it.partners = enabled(false);
  it.held.review();
  it.partners = enabled(true);
  it.held.review();
  await until("another is enabled", () => it.mailed.length === 2_000);
  it.held.close();
});

test("one that is back before the others are mailed, and remains held, is mailed again when there is room", async () => {
  let isFull = true;
  const { held, mailed } = stage(1, (its, id) => {
    if (isFull) its.remains(id);
    isFull = false;
  });
  held.review();
  await until("it is mailed again", () => mailed.length === 2, 5_000);
  held.close();
});

test.run();
