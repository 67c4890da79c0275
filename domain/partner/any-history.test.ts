// Whatever happens in whatever order, with clocks that go on and back, configurations that change, owners that die and owners that
// overlap: the partner is never called once too often, and nothing waits for ever.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, SubmissionId } from "../ids.ts";
import { spanAround, type Unit } from "./calendar.ts";
import { roomNow } from "./capacity.ts";
import type { PartnerCommand, Policy } from "./command.ts";
import { partnerDecider } from "./decide.ts";
import type { PartnerEvent } from "./events.ts";
import { interruptedAttempts } from "./interrupted.ts";
import type { AttemptOutcome } from "./outcome.ts";
import type { PartnerState } from "./state.ts";

const { evolve, decide } = partnerDecider;
const partner = PartnerId.parse("edu");
const sealed = { key: "k", iv: "", tag: "", data: "" };
const timings = { total_ms: 0, partner_ms: 0, overhead_ms: 0 };
const DELIVERIES = 6;
const OWNERS = 2;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = Date.parse("2026-03-28T20:00:00.000Z");
const about = (number: number) => ({
  partner,
  delivery_id: DeliveryId.parse(`00000000-0000-8000-8000-00000000000${number}`),
  submission_id: SubmissionId.parse(`00000000-0000-8000-9000-00000000000${number}`),
});

const delivery = fc.integer({ min: 0, max: DELIVERIES - 1 });
const owner = fc.integer({ min: 0, max: OWNERS - 1 });
const outcome = fc.constantFrom<AttemptOutcome["outcome"]>(
  "succeeded",
  "succeeded",
  "duplicate",
  "rejected",
  "failed",
  "unknown",
  "gone",
  "not_called",
);

const time = fc.constantFrom("00:00", "02:30", "09:00", "17:30", "22:00");
const schedule: fc.Arbitrary<Policy["schedule"]> = fc
  .record({
    time_zone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York"),
    days: fc.uniqueArray(fc.constantFrom("mon", "tue", "wed", "thu", "fri", "sat", "sun"), { minLength: 4 }),
    from: time,
    to: time,
    otherwise: fc.constantFrom<("hold" | "next" | undefined)[]>("hold", "next", undefined),
  })
  .map(({ time_zone, days, from, to, otherwise }) => ({
    time_zone,
    open: [{ days, from, to: from === to ? "24:00" : to }],
    otherwise,
  }));
const cap = fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined, freq: 1 });
const caps: fc.Arbitrary<Policy["caps"]> = fc.record({
  hour: cap,
  day: cap,
  month: cap,
  total: cap,
  otherwise: fc.constantFrom<("hold" | "next" | undefined)[]>("hold", "next", undefined),
});
const policy: fc.Arbitrary<Policy> = fc.record({
  idempotent: fc.boolean(),
  retry: fc.record({
    max_attempts: fc.integer({ min: 1, max: 4 }),
    base_ms: fc.constantFrom(500, 30 * MINUTE),
    max_ms: fc.constant(2 * HOUR),
  }),
  circuit: fc.record({
    failure_threshold: fc.integer({ min: 1, max: 4 }),
    open_ms: fc.constant(10 * MINUTE),
  }),
  caps: fc.option(caps, { nil: undefined }),
  schedule: fc.option(schedule, { nil: undefined }),
});

type Step =
  | { readonly do: "mail"; readonly delivery: number; readonly owner: number; readonly has_next: boolean }
  | { readonly do: "respond"; readonly delivery: number; readonly outcome: AttemptOutcome["outcome"] }
  | { readonly do: "crash"; readonly owner: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "configure"; readonly policy: Policy }
  | { readonly do: "return"; readonly delivery: number; readonly owner: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("mail" as const), delivery, owner, has_next: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("respond" as const), delivery, outcome }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), owner }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      // Mostly on, now and then a little back, as clocks of two machines are.
      ms: fc.oneof(fc.nat(5 * MINUTE), fc.nat(20 * HOUR), fc.integer({ min: -2_000, max: 0 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("configure" as const), policy }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("return" as const), delivery, owner }) },
);
const history = fc.array(step, { maxLength: 120, size: "max" });

type Started = Extract<PartnerEvent, { type: "DeliveryStarted" }>;

interface Call {
  readonly delivery: number;
  readonly attempt: number;
  readonly owner: number;
}

/** Owners in small: each with its own state of one log; who is behind when it wants to write reads again, and decides nothing. */
class Yard {
  readonly log: PartnerEvent[] = [];
  readonly owners: { state: PartnerState; read: number }[];
  policy: Policy;
  now = T0;
  calls: Call[] = [];
  /** The start of each attempt that had an effect: what a partner would count. */
  readonly effects = new Map<number, number>();
  readonly returned = new Set<number>();

  constructor(policy: Policy) {
    this.policy = policy;
    this.owners = Array.from({ length: OWNERS }, () => ({ state: partnerDecider.initial, read: 0 }));
  }

  reload(owner: number): PartnerState {
    const it = this.owners[owner] as Yard["owners"][number];
    it.state = this.log.reduce(evolve, partnerDecider.initial);
    it.read = this.log.length;
    return it.state;
  }

  /** Who is behind is refused by the store, reads again, and finds the same mail again. Undefined where it decides nothing. */
  obey(owner: number, command: PartnerCommand): readonly PartnerEvent[] | undefined {
    const it = this.owners[owner] as Yard["owners"][number];
    if (it.read !== this.log.length) this.reload(owner);
    const decision = decide(command, it.state);
    if (!decision.accepted) return undefined;
    this.log.push(...decision.events);
    it.state = decision.events.reduce(evolve, it.state);
    it.read = this.log.length;
    return decision.events;
  }

  mail({ delivery: number, owner, has_next }: Extract<Step, { do: "mail" }>): void {
    const before = this.fresh();
    const { circuit } = before;
    const room = roomNow(this.policy, before.use, this.now);
    const known = before.open.get(about(number).delivery_id);
    const events = this.obey(owner, {
      type: "start_attempt",
      ...about(number),
      dedupe_key: `key ${number}`,
      has_next,
      sealed_request: sealed,
      policy: this.policy,
      at: this.now,
    });
    const started = events?.find((event) => event.type === "DeliveryStarted");
    if (started === undefined) return;
    assert.ok(
      circuit.state === "closed" || (circuit.state === "open" && this.now >= circuit.until),
      `called while the circuit is ${circuit.state}`,
    );
    assert.ok(room > 0 || known?.in_doubt, "called without room");
    if (known?.stage === "waiting") assert.ok(this.now >= known.retry_at, "called too early");
    this.calls.push({ delivery: number, attempt: started.data.attempt, owner });
  }

  respond({ delivery: number, outcome: kind }: Extract<Step, { do: "respond" }>): void {
    const call = this.calls.find((one) => one.delivery === number);
    if (call === undefined) return;
    this.calls = this.calls.filter((one) => one !== call);
    const started = this.startOf(call);
    if (kind === "succeeded" || kind === "unknown") this.effects.set(number, started);
    const { owner } = call;
    this.obey(owner, {
      type: "record_outcome",
      ...about(number),
      attempt: call.attempt,
      outcome: { outcome: kind, reason: "told" },
      timings,
      policy: this.policy,
      at: this.now,
      chance: 0.5,
    });
  }

  startOf({ delivery: number, attempt }: Call): number {
    const { delivery_id } = about(number);
    const started = this.log.find(
      (event) =>
        event.type === "DeliveryStarted" &&
        event.data.delivery_id === delivery_id &&
        event.data.attempt === attempt,
    ) as Started;
    return Date.parse(started.data.started_at);
  }

  /** The calls of a process that dies may have had their effect. Whoever reads the log next finds what it left undone. */
  crash(owner: number): void {
    for (const call of this.calls.filter((one) => one.owner === owner)) {
      const { delivery_id } = about(call.delivery);
      const open = this.fresh().open.get(delivery_id);
      if (open?.stage === "calling" && open.attempts === call.attempt)
        this.effects.set(call.delivery, this.startOf(call));
    }
    this.calls = this.calls.filter((one) => one.owner !== owner);
    const state = this.reload(owner);
    const underWay = (id: DeliveryId): number | undefined =>
      this.calls.find((one) => about(one.delivery).delivery_id === id)?.attempt;
    for (const command of interruptedAttempts(state, partner, this.policy, underWay, this.now))
      this.obey(owner, command);
  }

  giveBack({ delivery: number, owner }: Extract<Step, { do: "return" }>): void {
    const { delivery_id } = about(number);
    const isDelivered = this.log.some(
      (event) => event.type === "DeliverySucceeded" && event.data.delivery_id === delivery_id,
    );
    const started_at = this.effects.get(number);
    if (!isDelivered || started_at === undefined) return;
    const last = this.log.findLast(
      (event) => event.type === "DeliveryStarted" && event.data.delivery_id === delivery_id,
    ) as Started;
    const at = Date.parse(last.data.started_at);
    const command = { type: "return_delivery", ...about(number), reason: "x", started_at: at } as const;
    if (this.obey(owner, command) !== undefined) this.returned.add(number);
  }

  fresh(): PartnerState {
    return this.log.reduce(evolve, partnerDecider.initial);
  }

  take(one: Step): void {
    if (one.do === "mail") this.mail(one);
    if (one.do === "respond") this.respond(one);
    if (one.do === "crash") this.crash(one.owner);
    if (one.do === "wait") this.now += one.ms;
    if (one.do === "configure") this.policy = one.policy;
    if (one.do === "return") this.giveBack(one);
  }
}

const test = suite("any history of a partner");
const check = (numRuns: number, property: (yard: Yard, steps: readonly Step[]) => void): void =>
  fc.assert(
    fc.property(policy, history, (given, steps) => property(new Yard(given), steps)),
    { numRuns },
  );

test("no delivery after its success, attempts without a gap, and no more tries than there are", () => {
  check(500, (yard, steps) => {
    for (const one of steps) yard.take(one);
    const attempts = new Map<string, number>();
    const ended = new Map<string, string>();
    for (const { type, data } of yard.log) {
      if (!("delivery_id" in data)) continue;
      const { delivery_id } = data;
      if (type === "DeliveryReturned") {
        assert.is(ended.get(delivery_id), "DeliverySucceeded");
        continue;
      }
      assert.is(ended.get(delivery_id), undefined, `${type} after the end`);
      if (type === "DeliveryStarted") {
        assert.is(data.attempt, (attempts.get(delivery_id) ?? 0) + 1);
        attempts.set(delivery_id, data.attempt);
      } else if (type !== "DeliveryFailed" && type !== "DeliveryHeld") ended.set(delivery_id, type);
    }
  });
});

test("tries of an unchanged configuration are never more than it has", () => {
  check(300, (yard, steps) => {
    const max = yard.policy.retry.max_attempts;
    for (const one of steps) if (one.do !== "configure") yard.take(one);
    for (let number = 0; number < DELIVERIES; number += 1) {
      const { delivery_id } = about(number);
      const own = yard.log.filter(({ data }) => "delivery_id" in data && data.delivery_id === delivery_id);
      const started = own.filter(({ type }) => type === "DeliveryStarted").length;
      const free = own.filter(({ data }) => "interrupted" in data && data.interrupted).length;
      assert.ok(started - free <= max, `${started} attempts, ${free} of them ours, of ${max}`);
    }
  });
});

test("the caps hold for what has taken effect and what may have, in every calendar hour, day and month", () => {
  check(500, (yard, steps) => {
    const { policy: given } = yard;
    for (const one of steps) {
      if (one.do === "configure") continue;
      yard.take(one);
      const kept = [...yard.effects].filter(([number]) => !yard.returned.has(number));
      const calling = new Map(yard.calls.map((call) => [call.delivery, yard.startOf(call)]));
      const all = [...new Map([...kept, ...calling]).values()];
      for (const unit of ["hour", "day", "month"] as Unit[]) {
        const max = given.caps?.[unit];
        if (max === undefined) continue;
        const { start, end } = spanAround(given.schedule?.time_zone ?? "UTC", unit, yard.now);
        const count = all.filter((at) => start <= at && at < end).length;
        assert.ok(count <= max, `${count} in this ${unit} of ${max}`);
      }
      const total = given.caps?.total;
      if (total !== undefined) assert.ok(all.length <= total, `${all.length} of ${total}`);
    }
  });
});

test("a state is what the log gives, after whatever went before, and counts what the log counts", () => {
  check(200, (yard, steps) => {
    for (const one of steps) yard.take(one);
    const { use } = yard.fresh();
    assert.is(use.total, counted(yard.log));
    assert.is(
      [...use.quarters.values()].reduce((sum, count) => sum + count, 0),
      use.total,
    );
    for (const { state, read } of yard.owners)
      if (read === yard.log.length) assert.equal(state, yard.fresh());
  });
});

test("nothing is held or waits for ever once the clock goes on and there is room", () => {
  check(300, (yard, steps) => {
    for (const one of steps) yard.take(one);
    // The partner is well from here on, and caps by the clock let somebody through.
    const { caps: had, schedule: hours, ...rest } = yard.policy;
    yard.policy = { ...rest, ...(hours && { schedule: hours }), ...(had && { caps: { hour: 1, day: 3 } }) };
    for (let owner = 0; owner < OWNERS; owner += 1) yard.crash(owner);
    for (let hour = 0; hour < 24 * 40; hour += 1) {
      const open = [...yard.fresh().open.keys()];
      if (open.length === 0) return;
      for (let number = 0; number < DELIVERIES; number += 1) {
        if (!open.includes(about(number).delivery_id)) continue;
        yard.reload(0);
        yard.take({ do: "mail", delivery: number, owner: 0, has_next: false });
        yard.take({ do: "respond", delivery: number, outcome: "succeeded" });
      }
      yard.now += HOUR;
    }
    assert.unreachable(`left: ${JSON.stringify([...yard.fresh().open])}`);
  });
});

/** Delivered and not given back, called, or in doubt: told from the log alone. */
function counted(log: readonly PartnerEvent[]): number {
  let count = 0;
  for (let number = 0; number < DELIVERIES; number += 1) {
    const { delivery_id } = about(number);
    const own = log.filter(({ data }) => "delivery_id" in data && data.delivery_id === delivery_id);
    const types = own.map(({ type }) => type);
    const isInDoubt = own.some(({ data }) => "in_doubt" in data && data.in_doubt);
    const isCounted = isInDoubt || types.includes("DeliverySucceeded") || types.at(-1) === "DeliveryStarted";
    if (isCounted && !types.includes("DeliveryReturned")) count += 1;
  }
  return count;
}

test.run();
