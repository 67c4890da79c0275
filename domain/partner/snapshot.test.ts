// A state from a snapshot and what came after it decides as one that knows the whole life: whatever happened, whenever the snapshot was
// taken, and however often what had ended was forgotten.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, SubmissionId } from "../ids.ts";
import type { PartnerCommand, Policy } from "./command.ts";
import { partnerDecider } from "./decide.ts";
import type { PartnerEvent, Reconciliation } from "./events.ts";
import { interruptedAttempts } from "./interrupted.ts";
import type { AttemptOutcome } from "./outcome.ts";
import { type EndedDelivery, forgetPast, type Past, type PastHeld, pastHeld } from "./past.ts";
import { copyState, snapshotPieces, stateOfSnapshot } from "./snapshot.ts";
import type { PartnerState } from "./state.ts";

const { evolve, decide } = partnerDecider;
const partner = PartnerId.parse("edu");
const sealed = { key: "k", iv: "", tag: "", data: "" };
const timings = { total_ms: 0, partner_ms: 0, overhead_ms: 0 };
const MINUTE = 60_000;
const T0 = Date.parse("2026-03-28T20:00:00.000Z");
const DELIVERIES = 8;
const KEYS = 3;
const about = (number: number) => ({
  partner,
  delivery_id: DeliveryId.parse(`00000000-0000-8000-8000-00000000000${number}`),
  submission_id: SubmissionId.parse(`00000000-0000-8000-9000-00000000000${number}`),
});
const keyOf = (number: number): string => `key ${number % KEYS}`;

/** The index in small. */
class Index {
  readonly #rows = new Map<DeliveryId, EndedDelivery & { readonly revision: bigint; returned?: true }>();
  upTo = -1n;

  add({ ended, returned, dropsKeys }: PastHeld, revision: bigint): void {
    for (const [id, { dedupe_key: _, delivered_at: __, ...rest }] of dropsKeys ? [...this.#rows] : [])
      this.#rows.set(id, rest);
    for (const one of ended) this.#rows.set(one.delivery_id, { ...one, revision });
    for (const id of returned) {
      const row = this.#rows.get(id);
      if (row !== undefined) row.returned = true;
    }
    this.upTo = revision;
  }

  about(id: DeliveryId, key: string): Past {
    const row = this.#rows.get(id);
    const [last] = [...this.#rows.values()]
      .filter(({ dedupe_key }) => dedupe_key === key)
      .sort(
        (one, other) =>
          (other.delivered_at ?? 0) - (one.delivered_at ?? 0) || Number(other.revision - one.revision),
      );
    return {
      upTo: this.upTo,
      ended: row !== undefined,
      returned: row?.returned === true,
      key: last && { by: last.delivery_id, delivered_at: last.delivered_at ?? 0 },
    };
  }
}

type Step =
  | { readonly do: "mail"; readonly delivery: number; readonly has_next: boolean }
  | { readonly do: "respond"; readonly delivery: number; readonly outcome: AttemptOutcome["outcome"] }
  | { readonly do: "give_up"; readonly delivery: number }
  | { readonly do: "return"; readonly delivery: number }
  | { readonly do: "reconcile"; readonly delivery: number; readonly outcome: Reconciliation }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "take" }
  | { readonly do: "written" }
  | { readonly do: "reload" }
  | { readonly do: "retire" };

const delivery = fc.integer({ min: 0, max: DELIVERIES - 1 });
const just = <Name extends string>(name: Name) => fc.constant({ do: name });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("mail" as const), delivery, has_next: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("respond" as const),
      delivery,
      outcome: fc.constantFrom<AttemptOutcome["outcome"][]>(
        "succeeded",
        "duplicate",
        "rejected",
        "failed",
        "unknown",
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("give_up" as const), delivery }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("return" as const), delivery }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("reconcile" as const),
      delivery,
      outcome: fc.constantFrom<Reconciliation[]>("delivered", "not_delivered"),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(50 * MINUTE) }) },
  { weight: 3, arbitrary: just("take") },
  { weight: 3, arbitrary: just("written") },
  { weight: 2, arbitrary: just("reload") },
  { weight: 1, arbitrary: just("retire") },
);
const history = fc.array(step, { maxLength: 150, size: "max" });
const policy: fc.Arbitrary<Policy> = fc.record({
  idempotent: fc.boolean(),
  retry: fc.constant({ max_attempts: 2, base_ms: 1_000, max_ms: 5_000 }),
  circuit: fc.constant({ failure_threshold: 3, open_ms: 10 * MINUTE }),
  dedupe: fc.constantFrom<Policy["dedupe"][]>(undefined, { fields: ["email"], window_hours: 1 }),
  caps: fc.option(fc.record({ hour: fc.integer({ min: 1, max: 4 }) }), { nil: undefined }),
});

/** An owner whose memory is short, beside a state that knows the whole life. */
class Yard {
  readonly policy: Policy;
  readonly log: PartnerEvent[] = [];
  readonly index = new Index();
  whole = partnerDecider.initial;
  short = partnerDecider.initial;
  now = T0;
  snapshots = 0;
  /** Taken, and not in the database yet. */
  taken:
    | { readonly pieces: readonly string[]; readonly past: PastHeld; readonly revision: bigint }
    | undefined;
  stored: { readonly text: string; readonly revision: bigint } | undefined;

  constructor(policy: Policy) {
    this.policy = policy;
  }

  get last(): bigint {
    return BigInt(this.log.length - 1);
  }

  /** The same command, decided on both states, must come to the same. */
  obey(command: PartnerCommand): void {
    const past =
      "delivery_id" in command
        ? this.index.about(command.delivery_id, "dedupe_key" in command ? command.dedupe_key : "")
        : undefined;
    const decision = decide(command, this.whole);
    // What is in doubt is held in the state for as long as it takes.
    const asked = command.type === "reconcile_delivery" ? command : { ...command, past };
    assert.equal(decide(asked as PartnerCommand, this.short), decision, command.type);
    if (!decision.accepted) return;
    this.log.push(...decision.events);
    this.whole = decision.events.reduce(evolve, this.whole);
    this.short = decision.events.reduce(evolve, this.short);
  }

  startOf(number: number): PartnerEvent | undefined {
    return this.log.findLast(
      (event) => event.type === "DeliveryStarted" && event.data.delivery_id === about(number).delivery_id,
    );
  }

  start(number: number, has_next: boolean): PartnerCommand {
    const { policy, now: at } = this;
    const dedupe_key = keyOf(number);
    return {
      type: "start_attempt",
      ...about(number),
      dedupe_key,
      has_next,
      sealed_request: sealed,
      policy,
      at,
    };
  }

  take(one: Step): void {
    if (one.do === "mail") this.obey(this.start(one.delivery, one.has_next));
    if (one.do === "respond") this.respond(one.delivery, one.outcome);
    if (one.do === "give_up")
      this.obey({ type: "give_up", ...about(one.delivery), cause: "poison", reason: "poison" });
    if (one.do === "return") this.giveBack(one.delivery);
    if (one.do === "reconcile")
      this.obey({
        type: "reconcile_delivery",
        ...about(one.delivery),
        outcome: one.outcome,
        reason: "asked",
      });
    if (one.do === "wait") this.now += one.ms;
    if (one.do === "retire") this.obey({ type: "retire", partner, at: this.now });
    if (one.do === "take") this.copy();
    if (one.do === "written") this.write();
    if (one.do === "reload") this.reload();
  }

  respond(number: number, kind: AttemptOutcome["outcome"]): void {
    const { policy, now: at } = this;
    const attempt = this.whole.open.get(about(number).delivery_id)?.attempts ?? 1;
    const outcome = { outcome: kind, reason: "told" } as AttemptOutcome;
    const rest = { attempt, outcome, timings, policy, at, chance: 0.5 };
    this.obey({ type: "record_outcome", ...about(number), ...rest });
  }

  giveBack(number: number): void {
    const started = this.startOf(number);
    // As the owner looks it up in the stream: only what was delivered is given back.
    const { delivery_id } = about(number);
    const isDelivered = this.log.some(
      ({ type, data }) =>
        "delivery_id" in data &&
        data.delivery_id === delivery_id &&
        (type === "DeliverySucceeded" || (type === "DeliveryReconciled" && data.outcome === "delivered")),
    );
    if (started?.type !== "DeliveryStarted" || !isDelivered) return;
    const started_at = Date.parse(started.data.started_at);
    this.obey({ type: "return_delivery", ...about(number), reason: "x", started_at });
  }

  copy(): void {
    if (this.log.length === 0) return;
    const copy = copyState(this.short);
    this.taken = { pieces: [...snapshotPieces(copy)], past: copy.past, revision: this.last };
  }

  write(): void {
    if (this.taken === undefined) return;
    const { pieces, past, revision } = this.taken;
    this.taken = undefined;
    this.index.add(past, revision);
    this.stored = { text: pieces.join(""), revision };
    forgetPast(this.short, past, revision);
    this.snapshots += 1;
  }

  reload(): void {
    const { stored } = this;
    const from =
      stored === undefined ? partnerDecider.initial : stateOfSnapshot(stored.text, stored.revision);
    this.short = this.log.slice(Number(stored?.revision ?? -1n) + 1).reduce(evolve, from);
    const underWay = (id: DeliveryId) => this.short.open.get(id)?.attempts;
    const left = (state: PartnerState) =>
      interruptedAttempts(state, partner, this.policy, underWay, this.now);
    assert.equal(left(this.short), left(this.whole));
  }

  /** All that deciding asks of a state, but for what has ended. */
  compare(): void {
    const seen = ({ circuit, open, inFlight, held, inDoubt, use, retirements }: PartnerState) => ({
      circuit,
      open: [...open],
      inDoubt: new Map([...inDoubt].sort()),
      inFlight: new Map([...inFlight].sort()),
      held: [...held],
      use: [use.total, use.since, [...use.quarters]],
      retirements,
    });
    assert.equal(seen(this.short), seen(this.whole));
    for (let number = 0; number < DELIVERIES; number += 1) {
      const command = this.start(number, false);
      const past = this.index.about(about(number).delivery_id, keyOf(number));
      assert.equal(
        decide({ ...command, past } as PartnerCommand, this.short),
        decide(command, this.whole),
        `${number} after ${this.log.map(({ type }) => type).join(", ")}`,
      );
    }
  }
}

const test = suite("a state from a snapshot");

test("is and decides what one is and decides that was folded from the start", () => {
  let snapshots = 0;
  fc.assert(
    fc.property(policy, history, (given, steps) => {
      const yard = new Yard(given);
      for (const one of steps) {
        yard.take(one);
        yard.compare();
      }
      yard.reload();
      yard.compare();
      snapshots += yard.snapshots;
    }),
    { numRuns: 400 },
  );
  assert.ok(snapshots > 400, `${snapshots} snapshots were written`);
});

test("holds no more of what has ended than what ended since", () => {
  const yard = new Yard({
    idempotent: true,
    retry: { max_attempts: 1, base_ms: 1, max_ms: 1 },
    circuit: { failure_threshold: 9, open_ms: 1 },
  });
  for (let number = 0; number < DELIVERIES; number += 1) {
    yard.take({ do: "mail", delivery: number, has_next: false });
    yard.take({ do: "respond", delivery: number, outcome: "succeeded" });
    if (number === 5) for (const what of ["take", "written"] as const) yard.take({ do: what });
  }
  yard.take({ do: "reload" });
  assert.ok(yard.whole.ended.size === DELIVERIES && yard.short.ended.size === 2);
  assert.equal(pastHeld(yard.short).ended.length, 2);
});

test("refuses to decide about a delivery that nobody has looked up, or not far enough", () => {
  const yard = new Yard({
    idempotent: true,
    retry: { max_attempts: 1, base_ms: 1, max_ms: 1 },
    circuit: { failure_threshold: 9, open_ms: 1 },
  });
  yard.take({ do: "mail", delivery: 0, has_next: false });
  yard.take({ do: "respond", delivery: 0, outcome: "succeeded" });
  const before = yard.index.about(about(0).delivery_id, keyOf(0));
  for (const what of ["take", "written"] as const) yard.take({ do: what });
  const command = yard.start(0, false);
  for (const past of [undefined, before]) {
    const decision = decide({ ...command, past } as PartnerCommand, yard.short);
    assert.equal(decision, { accepted: false, reason: "past_unknown" });
    const { delivery_id } = about(0);
    const returned = { type: "return_delivery", ...about(0), reason: "x", started_at: T0, past } as const;
    assert.is(yard.short.ended.has(delivery_id), false);
    assert.equal(decide(returned, yard.short), { accepted: false, reason: "past_unknown" });
  }
});

test("is none where the text is not whole", () => {
  const whole = [...snapshotPieces(copyState(partnerDecider.initial))].join("");
  assert.is(stateOfSnapshot(whole, 3n).pastUpTo, 3n);
  for (const text of ["", "{}", whole.slice(0, -5), `${whole}{"open":[[1]]}\n`, `${whole}{"x":1}\n`])
    assert.throws(() => stateOfSnapshot(text, 3n));
});

test.run();
