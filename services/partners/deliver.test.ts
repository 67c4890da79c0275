// One delivery with a writer and a channel that a test leads: what stands in the way of a call, and what is not stored.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TemplateTooLarge } from "#domain/partner/template.ts";
import type { Channel } from "./channels/channel.ts";
import {
  configuredWith,
  hasStarted,
  lastOf,
  partner,
  sealed,
  stage,
  succeeded,
} from "./fixtures/delivery-stage.ts";

const test = suite("a delivery");

test("is stored before the call, and its outcome before the mail is acknowledged", async () => {
  const it = stage();
  const order: string[] = [];
  it.storing = (type) => {
    order.push(type, ...it.acks);
    return undefined;
  };
  it.send = async () => {
    order.push("call");
    assert.is(it.attempts.size, 1);
    return succeeded;
  };
  await it.run();
  assert.equal([...order, ...it.acks], ["DeliveryStarted", "call", "DeliverySucceeded", "ack"]);
  assert.is(it.attempts.size, 0);
});

test("tells that the next partner of its waterfall was enabled while it was held", async () => {
  const it = stage();
  it.configured = configuredWith({ caps: { total: 0 } });
  await it.run();
  assert.equal([it.stored, it.nextOpened], [["DeliveryHeld"], []]);
  const late = stage();
  late.configured = it.configured;
  late.storing = () => {
    late.isNextOpen = true;
    return undefined;
  };
  await late.run();
  assert.equal([late.stored, late.nextOpened.length], [["DeliveryHeld"], 1]);
});

test("calls nobody once the lease may be lost, also when that happens in line for a call", async () => {
  const whileStored = stage();
  whileStored.storing = (type) => {
    if (type === "DeliveryStarted") whileStored.lease.valid = false;
    return undefined;
  };
  await whileStored.run();
  assert.is(whileStored.calls, 0);

  const inLine = stage();
  const release = await inLine.slots.take();
  const running = inLine.run();
  await hasStarted(inLine);
  inLine.lease.valid = false;
  release();
  await running;
  assert.is(inLine.calls, 0);
  assert.equal(inLine.acks, ["nak"]);
});

test("tells the channel of a lease that is lost while it connects", async () => {
  const it = stage();
  const obstacles: unknown[] = [];
  it.send = async ({ obstacle }) => {
    obstacles.push(obstacle());
    it.lease.valid = false;
    obstacles.push(obstacle());
    return { outcome: { outcome: "not_called", reason: "lease_lost" }, response: {} };
  };
  await it.run();
  assert.equal(obstacles, [undefined, "lease_lost"]);
  assert.equal(it.stored, ["DeliveryStarted", "DeliveryFailed"]);
  assert.equal(it.acks, ["nak"]);
});

for (const [what, happens, reason] of [
  ["is stopped", (it) => it.abandoned.abort(), "abandoned"],
  [
    "has opened the circuit",
    (it) =>
      it.evolve({
        type: "CircuitOpened",
        data: { partner, until: new Date(Date.now() + 60_000).toISOString(), reason: "x" },
      }),
    "circuit_open",
  ],
  ["was configured otherwise", (it) => (it.configured = configuredWith()), "reconfigured"],
] as [string, (it: ReturnType<typeof stage>) => unknown, string][])
  test(`does not call what ${what} meanwhile, and comes again at once`, async () => {
    const it = stage();
    const release = await it.slots.take();
    const running = it.run();
    await hasStarted(it);
    happens(it);
    release();
    await running;
    assert.is(it.calls, 0);
    assert.is(it.stored.at(-1), "DeliveryFailed");
    assert.is(lastOf(it).reason, reason);
    assert.is(lastOf(it).interrupted, true);
    assert.equal(it.acks, ["nak"]);
  });

test("does not call what another owner has recorded as interrupted", async () => {
  const it = stage();
  const release = await it.slots.take();
  const running = it.run();
  await hasStarted(it);
  const [started] = it.events;
  assert.ok(started?.type === "DeliveryStarted");
  const { delivery_id, submission_id, attempt } = started.data;
  const retry_at = new Date().toISOString();
  const timings = { total_ms: 0, partner_ms: 0, overhead_ms: 0 };
  it.evolve({
    type: "DeliveryFailed",
    data: {
      partner,
      delivery_id,
      submission_id,
      attempt,
      retry_at,
      timings,
      reason: "interrupted",
      interrupted: true,
    },
  });
  release();
  await running;
  assert.is(it.calls, 0);
  assert.equal(it.stored, ["DeliveryStarted"]);
  assert.equal(it.acks, ["nak"]);
});

test("is not called where its start was not stored, and comes again", async () => {
  for (const reason of ["not_stored", "not_the_writer"] as const) {
    const it = stage();
    it.storing = () => reason;
    await it.run();
    assert.is(it.calls, 0);
    assert.equal(it.acks, ["nak"]);
  }
});

test("has its outcome recorded again until it is stored", async () => {
  const it = stage();
  let failures = 0;
  it.storing = (type) => (type === "DeliverySucceeded" && ++failures < 3 ? "not_stored" : undefined);
  await it.run();
  assert.is(it.calls, 1);
  assert.is(failures, 3);
  assert.equal(it.stored, ["DeliveryStarted", "DeliverySucceeded"]);
  assert.equal(it.acks, ["ack"]);
});

test("leaves its outcome to the next owner once this one may not write any more", async () => {
  const it = stage();
  let failures = 0;
  it.storing = (type) => {
    if (type !== "DeliverySucceeded") return undefined;
    failures += 1;
    return failures === 1 ? "not_stored" : "not_the_writer";
  };
  await it.run();
  assert.is(failures, 2);
  assert.equal(it.acks, ["nak"]);
});

test("has its outcome recorded without the response where both are too large", async () => {
  const it = stage();
  let tries = 0;
  it.storing = (type) => (type === "DeliverySucceeded" && ++tries === 1 ? "too_large" : undefined);
  await it.run();
  assert.not.ok("sealed_response" in lastOf(it));
  assert.equal(it.acks, ["ack"]);
});

test("becomes a dead letter where its request is too large to be recorded", async () => {
  const it = stage();
  it.storing = (type) => (type === "DeliveryStarted" ? "too_large" : undefined);
  await it.run();
  assert.is(it.calls, 0);
  assert.equal(it.stored, ["DeliveryDeadLettered"]);
  assert.is(lastOf(it).reason, "request_too_large");
  assert.equal(it.acks, ["ack"]);
});

test("may have arrived where the channel fails, and gives its slot back", async () => {
  const it = stage();
  it.configured = configuredWith({ idempotent: false });
  it.send = () => Promise.reject(new Error("a fault"));
  await it.run();
  assert.equal(it.stored, ["DeliveryStarted", "DeliveryDeadLettered"]);
  assert.is(lastOf(it).cause, "outcome_unknown");
  await it.slots.take();
});

test("is over in its time and when it is abandoned, whatever its channel does, and calls nobody later", async () => {
  const late: (string | undefined)[] = [];
  const hanging = stage();
  hanging.timeoutMs = 1;
  let asks = (): string | undefined => undefined;
  hanging.send = ({ obstacle }) => {
    asks = obstacle;
    return new Promise(() => undefined);
  };
  await hanging.run();
  assert.equal([lastOf(hanging).reason, lastOf(hanging).interrupted], ["timeout", undefined]);
  late.push(asks());

  const stopped = stage();
  stopped.send = ({ obstacle }) => {
    asks = obstacle;
    stopped.abandoned.abort();
    return new Promise(() => undefined);
  };
  await stopped.run();
  assert.equal([lastOf(stopped).reason, lastOf(stopped).interrupted], ["abandoned", true]);
  late.push(asks());
  assert.equal(late, ["over", "over"]);
  for (const one of [hanging, stopped]) await one.slots.take();
});

test("has what its partner says made such that it can be stored", async () => {
  const it = stage();
  it.send = async () => ({ outcome: { outcome: "rejected", reason: "\u0000\ud800" }, response: {} });
  await it.run();
  assert.is(lastOf(it).reason, "\ufffd\ufffd");
});

test("has its partner's words sealed only, and its outcome also where they can't be", async () => {
  const sealedValues: unknown[] = [];
  const seal = async (_key: string, value: unknown) => {
    sealedValues.push(value);
    return { ...sealed, data: `sealed ${JSON.stringify(value)}` };
  };
  const it = stage({ vault: { sealCached: () => undefined, seal } });
  const outcome = { outcome: "rejected", reason: "partner_declined" } as const;
  it.send = async () => ({ outcome, told: "Ann\u0000 is known", response: {} });
  await it.run();
  assert.is(sealedValues.at(-1), "Ann\ufffd is known");
  assert.is(lastOf(it).reason, "partner_declined");
  assert.is((lastOf(it).sealed_reason as typeof sealed).data, 'sealed "Ann\ufffd is known"');

  const failing = stage({
    vault: {
      sealCached: () => undefined,
      async seal(_key, value) {
        if (typeof value === "string") throw new Error("no database");
        return sealed;
      },
    },
  });
  failing.send = it.send;
  await failing.run();
  const { reason, sealed_reason } = lastOf(failing);
  assert.equal([reason, sealed_reason, failing.acks], ["partner_declined", undefined, ["ack"]]);
});

test("becomes a dead letter where a template makes its request too large", async () => {
  const channel: Channel = {
    prepare() {
      throw new TemplateTooLarge();
    },
    close: async () => undefined,
  };
  const it = stage({ channel: async () => channel });
  await it.run();
  assert.equal([it.stored, lastOf(it).reason], [["DeliveryDeadLettered"], "request_too_large"]);
});

test("comes again where its request can't be made", async () => {
  const it = stage({ channel: () => Promise.reject(new Error("no secret")) });
  await it.run();
  assert.equal(it.stored, []);
  assert.equal(it.acks, ["nak"]);
});

test.run();
