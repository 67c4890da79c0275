import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newSecret, parseSecret, verify } from "#platform/webhooks.ts";
import { until } from "../../test/harness/wait.ts";
import { dataOf, type PartnerYard, startPartnerYard } from "../../test/partners/yard.ts";
import { startRelay } from "../relay/app.ts";
import { startPartners } from "./app.ts";

const test = suite("partner actors");
let yard: PartnerYard;
const types = (events: readonly { type: string }[]): string[] => events.map(({ type }) => type);
const many = <T>(count: number, make: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, make));

test.before(async () => {
  yard = await startPartnerYard();
  await yard.start("one", startRelay, startPartners);
});
test.after(() => yard?.stop());

test("deliver the submission with its ids, signed, once", async () => {
  const secret = newSecret();
  const edu = await yard.configure("edu", { secret });
  const routed = await yard.route(edu, { email: "Ann@Example.com", interest: "Art", id: "mine" });
  const events = await yard.becomes(routed, "DeliverySucceeded");
  assert.equal(types(events), ["DeliveryStarted", "DeliverySucceeded"]);
  const request = (await yard.requests("edu")).at(-1);
  assert.ok(request);
  const body = JSON.parse(request.body);
  assert.is(body.id, routed.submission_id);
  assert.is(body.delivery_id, routed.delivery_id);
  assert.is(body.email, "ann@example.com");
  assert.is(body.interest, "Art");
  assert.is(request.headers["idempotency-key"], routed.delivery_id);
  assert.match(request.headers.traceparent ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.ok(verify([parseSecret(secret)], request.headers, request.body, Date.now()).verified);
  assert.not.match(JSON.stringify(events.map(({ data }) => data)), /ann@example/i);
});

test("fill a mapping of templates, keep headers that are given, never follow a redirect", async () => {
  const url = `${yard.simulatorUrl}/partners/mapped`;
  const delivery = {
    type: "http",
    url,
    headers: { "x-key": "abc", "webhook-id": "mine" },
    body: { who: "{{email}}", note: "from {{source}}", n: "{{count}}" },
  };
  const mapped = await yard.configure("mapped", { delivery });
  await yard.behave("mapped", { behaviour: "rejecting", status: 302 });
  const routed = await yard.route(mapped, { email: "a@b.com", count: 3 });
  await yard.becomes(routed, "DeliveryRejected");
  const request = (await yard.requests("mapped")).at(-1);
  assert.equal(JSON.parse(request?.body ?? ""), { who: "a@b.com", note: "from demo", n: 3 });
  assert.is(request?.headers["x-key"], "abc");
  assert.is(request?.headers["webhook-id"], routed.delivery_id);
});

test("try again what fails, under the same id", async () => {
  const flaky = await yard.configure("flaky");
  await yard.behave("flaky", { behaviour: "fails_then_well", times: 2 });
  const events = await yard.becomes(await yard.route(flaky), "DeliverySucceeded");
  assert.is(types(events).filter((type) => type === "DeliveryFailed").length, 2);
  const { ids, effects, max_requests } = await yard.effects("flaky");
  assert.equal({ ids, effects, max_requests }, { ids: 1, effects: 1, max_requests: 3 });
});

test("wait as long as the partner asks for", async () => {
  const busy = await yard.configure("busy");
  await yard.behave("busy", { behaviour: "rate_limited", times: 1, retry_after_s: 1 });
  const events = await yard.becomes(await yard.route(busy), "DeliverySucceeded");
  const starts = events.filter(({ type }) => type === "DeliveryStarted");
  const [first, second] = starts.map(({ data }) => Date.parse((data as { started_at: string }).started_at));
  assert.ok((second ?? 0) - (first ?? 0) >= 1_000);
});

test("have one effect where the connection breaks after it was processed", async () => {
  const resetting = await yard.configure("resetting");
  await yard.behave("resetting", { behaviour: "reset_after_processing", times: 1 });
  await yard.becomes(await yard.route(resetting), "DeliverySucceeded");
  const { effects, max, max_requests } = await yard.effects("resetting");
  assert.equal({ effects, max, max_requests }, { effects: 1, max: 1, max_requests: 2 });
});

test("never repeat a doubtful call to a partner that does not recognise repeats", async () => {
  const strict = await yard.configure("strict", { idempotent: false });
  await yard.behave("strict", { behaviour: "reset_after_processing", times: 1, idempotent: false });
  const events = await yard.becomes(await yard.route(strict), "DeliveryDeadLettered");
  assert.is(dataOf(events.at(-1)).cause, "outcome_unknown");
  assert.is((await yard.effects("strict")).max_requests, 1);
});

test("bound a call that hangs, and dead-letter after the last try", async () => {
  const hanging = await yard.configure("hanging", {
    delivery: { type: "http", url: `${yard.simulatorUrl}/partners/hanging`, timeout_ms: 200 },
    retry: { max_attempts: 2, base_ms: 10 },
  });
  await yard.behave("hanging", { behaviour: "hanging" });
  const events = await yard.becomes(await yard.route(hanging), "DeliveryDeadLettered");
  assert.equal(types(events), [
    "DeliveryStarted",
    "DeliveryFailed",
    "DeliveryStarted",
    "DeliveryDeadLettered",
  ]);
  assert.is(dataOf(events.at(-1)).cause, "retries_exhausted");
  const timings = dataOf(events.at(-1)).timings as { partner_ms: number };
  assert.ok(timings.partner_ms >= 190 && timings.partner_ms < 10_000);
});

test("read the response as configured, and take nothing unreadable for a success", async () => {
  const picky = await yard.configure("picky", {
    retry: { max_attempts: 1 },
    response: { success: { path: "accepted", equals: "never" }, reason_path: "outcome" },
  });
  await yard.becomes(await yard.route(picky), "DeliveryRejected");
  await yard.behave("picky", { behaviour: "malformed" });
  await yard.becomes(await yard.route(picky), "DeliveryDeadLettered");
});

test("open the circuit, let one probe through, and deliver all that waited", async () => {
  const down = await yard.configure("down", {
    retry: { max_attempts: 50, base_ms: 10, max_ms: 50 },
    circuit: { failure_threshold: 3, open_ms: 200 },
  });
  await yard.behave("down", { behaviour: "failing", rate: 1 });
  const routed = await many(30, () => yard.route(down));
  await until("the circuit is open", async () =>
    types(await yard.partnerHistory(down)).includes("CircuitOpened"),
  );
  await until("a probe has failed", async () =>
    types(await yard.partnerHistory(down)).includes("CircuitHalfOpened"),
  );
  await yard.behave("down", { behaviour: "healthy" });
  for (const one of routed) await yard.becomes(one, "DeliverySucceeded");
  assert.ok(types(await yard.partnerHistory(down)).includes("CircuitClosed"));
  assert.is((await yard.effects("down")).max, 1);
});

test("slow no other partner down while one is dead", async () => {
  const dead = await yard.configure("dead", {
    delivery: { type: "http", url: `${yard.simulatorUrl}/partners/dead`, timeout_ms: 120_000 },
  });
  const quick = await yard.configure("quick");
  await yard.behave("dead", { behaviour: "hanging" });
  await many(100, () => yard.route(dead));
  await until("the dead partner is called", async () => (await yard.partnerHistory(dead)).length >= 16);
  const routed = await many(100, () => yard.route(quick));
  for (const one of routed) await yard.becomes(one, "DeliverySucceeded");
  assert.ok(types(await yard.partnerHistory(dead)).every((type) => type === "DeliveryStarted"));
  await yard.behave("dead", { behaviour: "healthy" });
});

test("keep a paused partner's mail, and deliver it when it is resumed", async () => {
  const paused = await yard.configure("paused");
  await yard.becomes(await yard.route(paused), "DeliverySucceeded");
  await yard.tell(paused, "PartnerPaused");
  // Whoever knows this partner has heard that the other is paused.
  const sentinel = await yard.configure("sentinel");
  await yard.becomes(await yard.route(sentinel), "DeliverySucceeded");
  const routed = await yard.route(paused);
  await yard.becomes(await yard.route(sentinel), "DeliverySucceeded");
  assert.equal(await yard.partnerHistory(paused, routed), []);
  await yard.tell(paused, "PartnerResumed");
  await yard.becomes(routed, "DeliverySucceeded");
});

test("make dead letters of a removed partner's mail", async () => {
  const gone = await yard.configure("gone", { enabled: false });
  const routed = await yard.route(gone);
  await yard.tell(gone, "PartnerRemoved");
  const events = await yard.becomes(routed, "DeliveryDeadLettered");
  assert.is(dataOf(events.at(-1)).cause, "partner_removed");
});

test("deliver one of those that are the same to the partner, also when they come at once", async () => {
  const once = await yard.configure("once", { dedupe: { fields: ["email", "interest"] } });
  await yard.behave("once", { behaviour: "healthy", delay_ms: 100 });
  const same = await many(5, () => yard.route(once, { email: "same@example.com", interest: "Art" }));
  const blank = await many(2, () => yard.route(once, { email: "same@example.com" }));
  const last = async (one: (typeof same)[number]) =>
    (await yard.partnerHistory(once, one)).at(-1)?.type ?? "";
  const ended = await until("all have ended", async () => {
    const ends = await Promise.all(same.map(last));
    return ends.every((type) => /Succeeded|Duplicated/.test(type)) && ends;
  });
  assert.is(ended.filter((type) => type === "DeliverySucceeded").length, 1);
  for (const one of blank) await yard.becomes(one, "DeliverySucceeded");
});

test("keep to the number at once and the number in a second", async () => {
  const limited = await yard.configure("limited", { limits: { concurrency: 2, per_second: 10 } });
  await yard.behave("limited", { behaviour: "healthy", delay_ms: 20 });
  const begun = performance.now();
  const routed = await many(25, () => yard.route(limited));
  for (const one of routed) await yard.becomes(one, "DeliverySucceeded");
  // A burst of ten, then fifteen more at ten a second.
  assert.ok(performance.now() - begun >= 1_400);
});

test("keep to a new limit at once, not when the old one would have let the next through", async () => {
  const limits = { concurrency: 2, per_second: 0.005 };
  const thrifty = await yard.configure("thrifty", { limits });
  const routed = await many(3, () => yard.route(thrifty));
  await until("the first is delivered", async () =>
    types(await yard.partnerHistory(thrifty)).includes("DeliverySucceeded"),
  );
  await yard.configure("thrifty", { limits: { concurrency: 2 } });
  for (const one of routed) await yard.becomes(one, "DeliverySucceeded");
});

test("make more calls at once when that is allowed, not when a slow one has ended", async () => {
  const crowded = await yard.configure("crowded", { limits: { concurrency: 1 } });
  await yard.behave("crowded", { behaviour: "hanging" });
  await many(3, () => yard.route(crowded));
  const calls = async (): Promise<number> => (await yard.requests("crowded")).length;
  await until("one is called", async () => (await calls()) === 1);
  await yard.configure("crowded", { limits: { concurrency: 3 } });
  await until("all are called", async () => (await calls()) === 3, 10_000);
});

test("leave a partner alone whose secret can't be opened, and no other, until it can", async () => {
  const locked = await yard.configure("locked", { secret: "whsec_no base64" });
  const routed = await yard.route(locked);
  const signed = await yard.configure("signed", { secret: newSecret() });
  await yard.becomes(await yard.route(signed), "DeliverySucceeded");
  assert.equal(await yard.partnerHistory(locked), []);
  await yard.configure("locked", { secret: newSecret() });
  await yard.becomes(routed, "DeliverySucceeded");
});

test("shrug off what is no event", async () => {
  const odd = await yard.configure("odd");
  const bus = await yard.own.bus();
  await bus.publish("yard.partner.odd.SubmissionRouted", Buffer.from("not an event"), { id: "odd-1" });
  await yard.becomes(await yard.route(odd), "DeliverySucceeded");
});

test.run();
