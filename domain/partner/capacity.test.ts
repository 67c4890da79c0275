import { suite } from "uvu";
import * as assert from "uvu/assert";
import { given as givenHistory } from "../fixtures/given.ts";
import { DeliveryId, PartnerId, SubmissionId } from "../ids.ts";
import { capsUsed, roomNow } from "./capacity.ts";
import type { Policy, RecordOutcome, StartAttempt } from "./command.ts";
import { partnerDecider } from "./decide.ts";
import type { PartnerEvent } from "./events.ts";

const edu = PartnerId.parse("edu");
const T0 = Date.parse("2026-01-05T10:20:00.000Z");
const HOUR = 3_600_000;
const at = (ms: number): string => new Date(T0 + ms).toISOString();
const id = (number: number): string => `00000000-0000-8000-8000-${String(number).padStart(12, "0")}`;
const about = (number: number) => ({
  partner: edu,
  delivery_id: DeliveryId.parse(id(number)),
  submission_id: SubmissionId.parse(id(1_000 + number)),
});
const sealed = { key: "k", iv: "", tag: "", data: "" };
const timings = { total_ms: 5, partner_ms: 4, overhead_ms: 1 };
const usual: Policy = {
  retry: { max_attempts: 3, base_ms: 500, max_ms: 60_000 },
  circuit: { failure_threshold: 5, open_ms: 30_000 },
  idempotent: true,
};
const capped = (caps: Policy["caps"], more: Partial<Policy> = {}): Policy => ({ ...usual, caps, ...more });
const office: Policy["schedule"] = {
  time_zone: "Europe/Berlin",
  open: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "17:00" }],
};

const start = (
  number: number,
  policy: Policy,
  over: { readonly at?: number; readonly has_next?: boolean } = {},
): StartAttempt => ({
  type: "start_attempt",
  ...about(number),
  dedupe_key: `key ${number}`,
  sealed_request: sealed,
  policy,
  at: T0 + (over.at ?? 0),
  has_next: over.has_next ?? false,
});
const record = (number: number, outcome: RecordOutcome["outcome"], policy = usual): RecordOutcome => ({
  type: "record_outcome",
  ...about(number),
  attempt: 1,
  outcome,
  timings,
  policy,
  at: T0,
  chance: 0,
});
const started = (number: number, attempt = 1, ms = 0): PartnerEvent => ({
  type: "DeliveryStarted",
  data: {
    ...about(number),
    attempt,
    dedupe_key: `key ${number}`,
    started_at: at(ms),
    sealed_request: sealed,
  },
});
const succeeded = (number: number): PartnerEvent => ({
  type: "DeliverySucceeded",
  data: { ...about(number), attempt: 1, timings },
});
const delivered = (number: number, ms = 0): PartnerEvent[] => [started(number, 1, ms), succeeded(number)];
const failed = (number: number, in_doubt: boolean): PartnerEvent => ({
  type: "DeliveryFailed",
  data: {
    ...about(number),
    attempt: 1,
    timings,
    reason: "x",
    retry_at: at(0),
    ...(in_doubt && { in_doubt: true as const }),
  },
});
const held = (number: number, reason: string, ms?: number): PartnerEvent => ({
  type: "DeliveryHeld",
  data: { ...about(number), attempts: 0, reason, ...(ms !== undefined && { until: at(ms) }) },
});
const startedFromHeld = (number: number, ms: number): PartnerEvent => {
  const event = started(number, 1, ms);
  return { ...event, data: { ...event.data, waited: "held" } } as PartnerEvent;
};

const given = (...history: PartnerEvent[]) => givenHistory(partnerDecider, ...history);
const MIN = 60_000;

const test = suite("a partner with caps or a schedule");

test("what is delivered and what is called both use the cap; beyond it is held until the hour is over", () => {
  const two = capped({ hour: 2 });
  given(...delivered(1))
    .when(start(2, two))
    .then(started(2));
  given(...delivered(1), started(2))
    .when(start(3, two))
    .then(held(3, "cap_hour", 40 * MIN));
  given(...delivered(1, -30 * MIN), started(2))
    .when(start(3, two))
    .then(started(3));
});

test("a failure gives its place back, an attempt in doubt keeps it and is repeated on it", () => {
  const one = capped({ total: 1 });
  given(started(1), failed(1, false)).when(start(2, one)).then(started(2));
  const inDoubt = [started(1), failed(1, true)];
  given(...inDoubt)
    .when(start(2, one))
    .then(held(2, "cap_total"));
  given(...inDoubt, held(2, "cap_total"))
    .when(start(1, one))
    .then(started(1, 2));
  const outcome = { outcome: "rejected", reason: "no" } as const;
  const rejected = given(started(1)).when(record(1, outcome)).events;
  given(started(1), ...rejected)
    .when(start(2, one))
    .then(started(2));
});

test("what ended in doubt stays counted, since nobody knows better", () => {
  const once = { ...usual, idempotent: false };
  const dead = given(started(1)).when(record(1, { outcome: "unknown", reason: "timeout" }, once)).events;
  given(started(1), ...dead)
    .when(start(2, capped({ total: 1 })))
    .then(held(2, "cap_total"));
});

test("the longest cap that is reached says until when", () => {
  const caps = capped({ hour: 1, day: 1, month: 1 });
  const endOfMonth = Date.parse("2026-02-01T00:00:00Z") - T0;
  given(...delivered(1))
    .when(start(2, caps))
    .then(held(2, "cap_month", endOfMonth));
  const zone = capped({ day: 1 }, { schedule: { ...office, time_zone: "Europe/Berlin" } });
  // The day is over at 23:00 UTC, and the office opens at 8:00 UTC.
  const opens = Date.parse("2026-01-06T08:00:00Z") - T0;
  given(...delivered(1))
    .when(start(2, zone))
    .then(held(2, "cap_day", opens));
});

test("outside the schedule it is held until it opens", () => {
  const evening = 8 * HOUR;
  const opens = Date.parse("2026-01-06T08:00:00Z") - T0;
  const policy = { ...usual, schedule: office };
  given().when(start(1, policy)).then(started(1));
  given()
    .when(start(1, policy, { at: evening }))
    .then(held(1, "outside_schedule", opens));
});

test("where another follows in the waterfall it goes on, unless it is to be held", () => {
  const on: PartnerEvent = {
    type: "DeliveryPassedOn",
    data: { ...about(2), attempts: 0, reason: "cap_hour" },
  };
  const next = { has_next: true };
  given(...delivered(1))
    .when(start(2, capped({ hour: 1 }), next))
    .then(on);
  given(...delivered(1))
    .when(start(2, capped({ hour: 1, otherwise: "next" }), next))
    .then(on);
  given(...delivered(1))
    .when(start(2, capped({ hour: 1, otherwise: "hold" }), next))
    .then(held(2, "cap_hour", 40 * MIN));
  given(...delivered(1))
    .when(start(2, capped({ hour: 1, otherwise: "next" })))
    .then(held(2, "cap_hour", 40 * MIN));
});

test("what this partner may have goes to no other", () => {
  const event = given(...delivered(1), started(2, 1, -HOUR), failed(2, true))
    .when(start(2, capped({ hour: 1 }), { has_next: true }))
    .events.map(({ type }) => type);
  assert.equal(event, ["DeliveryHeld"]);
});

test("what is held begins when there is room again, before whoever comes new", () => {
  const one = capped({ hour: 1 });
  const history = [...delivered(1), held(2, "cap_hour", 40 * MIN)];
  given(...history)
    .when(start(2, one))
    .thenRefused("held");
  const hour = { at: 50 * MIN };
  const endOfNext = (40 + 60) * MIN;
  given(...history)
    .when(start(3, one, hour))
    .then(held(3, "cap_hour", endOfNext));
  given(...history)
    .when(start(2, one, hour))
    .then(startedFromHeld(2, 50 * MIN));
});

test("changed caps count at once, by what was delivered before", () => {
  const history = [...delivered(1), ...delivered(2), held(3, "cap_hour", 40 * MIN)];
  given(...history)
    .when(start(3, capped({ hour: 3 })))
    .then(startedFromHeld(3, 0));
  given(...history)
    .when(start(3, usual))
    .then(startedFromHeld(3, 0));
  given(...history)
    .when(start(4, capped({ day: 2 })))
    .then(held(4, "cap_day", Date.parse("2026-01-06T00:00:00Z") - T0));
});

test("what is given back frees its place once, and can't be given back again", () => {
  const give = {
    type: "return_delivery",
    ...about(1),
    reason: "wrong number",
    started_at: T0,
    price: 12,
  } as const;
  const returned: PartnerEvent = {
    type: "DeliveryReturned",
    data: { ...about(1), reason: "wrong number", started_at: at(0), price: 12 },
  };
  given(...delivered(1))
    .when(give)
    .then(returned);
  given(...delivered(1), returned)
    .when(start(2, capped({ total: 1 })))
    .then(started(2));
  given(...delivered(1), returned)
    .when(give)
    .thenRefused("already_returned");
  given(started(1)).when(give).thenRefused("not_delivered");
  given().when(give).thenRefused("not_delivered");
});

test("use and room are told by hour, day, month and in total", () => {
  const { state } = given(
    ...delivered(1, -40 * 24 * HOUR),
    ...delivered(2, -2 * 24 * HOUR),
    ...delivered(3, -HOUR),
    started(4),
  );
  const caps = { hour: 5, day: 9, month: 9, total: 9 };
  assert.equal(capsUsed({ caps }, state.use, T0), { hour: 1, day: 2, month: 3, total: 4 });
  assert.is(roomNow({ caps }, state.use, T0), 4);
  assert.is(roomNow({ schedule: office }, state.use, T0 + 10 * HOUR), 0);
  assert.is(roomNow({}, state.use, T0), Number.POSITIVE_INFINITY);
});

test("months of quarters take little room, and what is over is forgotten", () => {
  const { state } = given();
  const quarter = 15 * MIN;
  for (let n = 0; n < 100_000; n += 1) state.use.add(T0 + n * quarter, 1);
  assert.ok(state.use.quarters.size < 3_200);
  assert.is(state.use.total, 100_000);
  const month = capsUsed({ caps: { month: 1 } }, state.use, T0 + 99_999 * quarter).month ?? 0;
  assert.ok(month > 0 && month <= 31 * 96);
});

test("a retired partner's use is forgotten, and what comes back of it takes nothing from its successor", () => {
  const retired: PartnerEvent = { type: "PartnerRetired", data: { partner: edu } };
  const returned: PartnerEvent = {
    type: "DeliveryReturned",
    data: { ...about(1), reason: "x", started_at: at(0) },
  };
  const { state } = given(...delivered(1), retired, ...delivered(2, HOUR), returned);
  assert.is(state.use.total, 1);
});

test.run();
