// What a message says of the event that it tells of.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { changedViews, messagesOf } from "./messages.ts";

const test = suite("messages of the stream");

const stored = (position: bigint, type: string, data: object, version = 1): StoredEvent => {
  const metadata = { schema: version, at: "2026-01-01T00:00:00.000Z" };
  return { id: "", type, version, data, metadata, stream: "s", revision: 0n, position, created: new Date() };
};
const paused = (position: bigint) => stored(position, "PartnerPaused", { partner: "edu" });
const changed = (position: bigint) => stored(position, "RulesetChanged", { version: 1, rules: [] });
const about = { submission_id: "0d9f1c1e-6a0f-4f2e-9a53-0e5a3b1f0c11", stage: "route", attempts: 3 };
const dead = (position: bigint) =>
  stored(position, "SubmissionDeadLettered", { ...about, reason: "not_compiled" }, 2);

test("only what is configured changes a view, and the newest of it counts", () => {
  const viewsOf = (...events: StoredEvent[]) => changedViews(events.flatMap(messagesOf));
  assert.is(messagesOf(dead(1n)).length, 2);
  assert.equal(viewsOf(dead(1n)), {});
  assert.equal(viewsOf(paused(2n), dead(3n), changed(4n), paused(5n), dead(6n)), { partners: 5n, rules: 4n });
});

test.run();
