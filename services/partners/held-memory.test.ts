// A hundred thousand held deliveries are a small part of a process's memory, and of its time.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, SubmissionId } from "#domain/ids.ts";
import { partnerDecider } from "#domain/partner/decide.ts";
import type { PartnerEvent } from "#domain/partner/events.ts";
import { submissionStream } from "#domain/submission/events.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { createLog } from "#platform/log.ts";
import { until } from "../../test/harness/wait.ts";
import { createHeld } from "./held.ts";

const test = suite("a hundred thousand that are held");
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const partner = PartnerId.parse("edu");
const HELD = 100_000;
const log = createLog({ level: "silent", name: "test", instance: "test" });

function heldState() {
  let state = partnerDecider.initial;
  for (let n = 0; n < HELD; n += 1) {
    const about = { delivery_id: DeliveryId.parse(newUuid()), submission_id: SubmissionId.parse(newUuid()) };
    const event: PartnerEvent = {
      type: "DeliveryHeld",
      data: { partner, ...about, attempts: 0, reason: "cap_day", until: "2026-01-06T00:00:00.000Z" },
    };
    state = partnerDecider.evolve(state, JSON.parse(JSON.stringify(event)) as PartnerEvent);
  }
  return state;
}

test("take less than 100 MB", () => {
  collect();
  const before = process.memoryUsage().heapUsed;
  const state = heldState();
  collect();
  const used = (process.memoryUsage().heapUsed - before) / 2 ** 20;
  assert.is(state.held.size, HELD);
  assert.ok(used < 60, `${Math.round(used)} MB`);
});

test("are mailed in their order, and no more of them at once than may be begun soon", async () => {
  const state = heldState();
  const order = [...state.held];
  const mailed: string[] = [];
  const held = createHeld({
    partner,
    configured: () => ({ config: { name: "Edu" } as never, delivery: undefined, standing: "active" }),
    writer: { state, write: () => Promise.reject(new Error("nothing is given up")) },
    isResting: () => false,
    mayMail: () => true,
    eventStore: {
      async readStreamBackwards(stream) {
        const at = order.findIndex(
          (id) => submissionStream(state.open.get(id)?.submission_id as never) === stream,
        );
        return [
          {
            id: `${at}`,
            type: "SubmissionRouted",
            data: { route: { delivery_id: order[at] } },
            created: new Date(0),
          } as unknown as StoredEvent,
        ];
      },
    },
    bus: {
      lastMessage: async () => undefined,
      async publish(_subject, _message, { id }) {
        mailed.push(id.split(":", 1)[0] ?? "");
        return { seq: 1, duplicate: false };
      },
    },
    log,
  });
  held.review();
  await until("some are mailed", () => mailed.length > 0);
  held.review();
  await until("as many as may be", () => mailed.length === 512);
  assert.equal(
    mailed,
    Array.from({ length: 512 }, (_, n) => `${n}`),
  );
  held.close();
});

test.run();
