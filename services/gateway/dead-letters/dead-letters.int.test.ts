// Dead letters end to end: real parts, every role, simulated partners.
import { randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RequestId } from "#domain/dead-letter/request.ts";
import { nobodyKey } from "#domain/seal-contexts.ts";
import { positionsOfLast } from "#platform/bus/positions.ts";
import { partnerSubject } from "#platform/bus/subjects.ts";
import { packEvent } from "#platform/event-store/event-mail.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { createMovingQueries } from "#projections/dead-letters/moving.ts";
import { type DeadLetterYard, SHORT, startDeadLetterYard, WORKERS } from "../../../test/dead-letters/yard.ts";
import { natsProducer } from "../../../test/gateway/over-nats.ts";
import { until } from "../../../test/harness/wait.ts";
import { moveDeadLettersWhile } from "../../timers/move-dead-letters.ts";

const test = suite("dead letters");
let yard: DeadLetterYard;
test.before(async () => {
  yard = await startDeadLetterYard(...WORKERS);
});
test.after(() => yard?.stop());

test("are listed newest first with why and what, page by page, by stage and partner", async () => {
  const list = await yard.configure("list", SHORT);
  await yard.behave("list", { behaviour: "failing" });
  const died = await yard.die(list, 3);
  const { body } = await yard.api("GET", "/api/dlq?stage=deliver&partner=list&limit=2");
  assert.is(body.items.length, 2);
  const { items } = (await yard.api("GET", `/api/dlq?partner=list&cursor=${body.next_cursor}`)).body;
  const all = [...body.items, ...items];
  assert.equal(new Set(all.map(({ id }) => id)), new Set(died.map(({ submission_id }) => submission_id)));
  const [letter] = all;
  assert.is(letter.lead_id, letter.id);
  assert.is(letter.stage, "deliver");
  assert.is(letter.reason, "http_503");
  assert.is(letter.attempts, (await yard.api("GET", `/api/leads/${letter.id}`)).body.attempts);
  assert.is(letter.payload.email, "ann@example.com");
  assert.equal((await yard.api("GET", "/api/dlq?partner=list&stage=route")).body, { items: [] });
  assert.equal((await yard.api("GET", "/api/dlq?stage=campaign")).body, { items: [] });
  const one = await yard.api("GET", `/api/dlq/${letter.id}`);
  assert.is(one.body.history.at(-1).type, "SubmissionDeadLettered");
  const rows = await yard.own
    .database()
    .query<{ row: string }>("select letter::text as row from dead_letters.letter");
  assert.not.match(rows.map(({ row }) => row).join("\n"), /ann@example/);
});

test("go back by id, once, to a partner that sees the delivery that it may have", async () => {
  const lost = await yard.configure("lost", SHORT);
  // It takes the lead, and its answers get lost until the tries are over.
  await yard.behave("lost", { behaviour: "reset_after_processing", times: 2 });
  const [lead] = await yard.die(lost, 1);
  assert.ok(lead);
  const ids = [lead.submission_id];
  assert.equal((await yard.api("POST", "/api/dlq/redrive", { ids, dry_run: true })).body, { count: 1 });
  assert.is((await yard.lies("lost", 1)).length, 1);
  const [first] = (await yard.history(lead.submission_id)).filter(({ type }) => type === "SubmissionRouted");
  assert.ok(first);
  const bus = await yard.own.bus();
  const headers = await positionsOfLast(bus);
  /** Its first mail, as a mailbox that forgot its acknowledgement hands it over. */
  const retried = (): Promise<unknown> =>
    bus.publish(partnerSubject(lost, first.type), packEvent(first), { id: randomUUID(), headers });
  await Promise.all([retried(), retried()]);
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => yard.api("POST", "/api/dlq/redrive", { ids })),
  );
  const counted = answers.filter(({ status }) => status === 200).map(({ body }) => body.count);
  assert.is(
    counted.reduce((sum, one) => sum + one, 0),
    1,
    JSON.stringify(answers),
  );
  await Promise.all([retried(), retried()]);
  await yard.ends(lead, "delivered");
  await yard.lies("lost", 0);
  await retried();
  // What is mailed after it ends after it.
  await yard.becomes(await yard.route(lost, { after: "the others" }), "DeliveryDeadLettered");
  const { ids: seen, effects, max, max_requests } = await yard.effects("lost");
  assert.equal({ seen, effects, max, max_requests }, { seen: 2, effects: 2, max: 1, max_requests: 3 });
  const { body } = await yard.api("GET", `/api/leads/${lead.submission_id}/timeline`);
  const types = body.items.map(({ type }: { type: string }) => type);
  assert.is(types.filter((type: string) => type === "SubmissionRedriven").length, 1);
  const unknown = await yard.api("POST", "/api/dlq/redrive", { ids });
  assert.is(unknown.status, 422);
  assert.match(unknown.body.detail, new RegExp(lead.submission_id));
});

test("go back by filter: the dry run counts the same, and two requests at once move each once", async () => {
  const many = await yard.configure("many", SHORT);
  await yard.behave("many", { behaviour: "failing" });
  const died = await yard.die(many, 40);
  const dry = await yard.api("POST", "/api/dlq/redrive", { partner: "many", dry_run: true });
  assert.equal(dry.body, { count: 40 });
  await yard.behave("many", { behaviour: "healthy" });
  const both = await Promise.all([
    yard.api("POST", "/api/dlq/redrive", { partner: "many" }),
    yard.api("POST", "/api/dlq/redrive", { stage: "deliver", partner: "many" }),
  ]);
  assert.is(
    both.reduce((sum, { body }) => sum + body.count, 0),
    40,
    JSON.stringify(both),
  );
  for (const one of died) await yard.ends(one, "delivered");
  const { ids, max } = await yard.effects("many");
  assert.equal({ ids, max }, { ids: 40, max: 1 });
  assert.equal((await yard.api("POST", "/api/dlq/redrive", { partner: "many" })).body, { count: 0 });
});

test("are not moved again by who knows only that they lay there once", async () => {
  const stale = await yard.configure("stale", SHORT);
  await yard.behave("stale", { behaviour: "failing" });
  const [lead] = await yard.die(stale, 1);
  assert.ok(lead);
  const ids = [lead.submission_id];
  const queries = createMovingQueries({ database: yard.own.database() });
  const [then] = await queries.rows(ids);
  assert.ok(then);
  assert.equal((await yard.api("POST", "/api/dlq/redrive", { ids })).body, { count: 1 });
  const now = await until("it lies there again", async () => {
    const [row] = await queries.rows(ids);
    return row !== undefined && row.revision > then.revision && row;
  });
  const stopping = new AbortController();
  const asked = {
    id: RequestId.parse(randomUUID()),
    action: "redrive",
    reason: null,
    asked_by: null,
  } as const;
  let pages = 0;
  const letters = {
    requests: async () => [asked],
    async leftOf() {
      pages += 1;
      if (pages > 1) stopping.abort();
      return pages === 1 ? [then] : [];
    },
  };
  const { eventStore, log } = yard.own;
  await moveDeadLettersWhile(
    { letters, eventStore: eventStore(), bus: await yard.own.bus(), log },
    stopping.signal,
  );
  const newest = (await yard.history(lead.submission_id)).at(-1);
  assert.is(newest?.revision, now.revision);
  assert.is(newest?.type, "SubmissionDeadLettered");
});

test("are discarded with a reason, and stay so", async () => {
  const waste = await yard.configure("waste", SHORT);
  await yard.behave("waste", { behaviour: "failing" });
  const [lead, other] = await yard.die(waste, 2);
  assert.ok(lead && other);
  const without = await yard.api("POST", "/api/dlq/discard", { partner: "waste" });
  assert.is(without.status, 400);
  assert.is(without.body.errors[0].path, "reason");
  const which = { ids: [lead.submission_id], reason: "a test of ours" };
  assert.equal((await yard.api("POST", "/api/dlq/discard", which)).body, { count: 1 });
  await yard.ends(lead, "rejected");
  const { body } = await yard.api("GET", `/api/leads/${lead.submission_id}`);
  assert.is(body.reason, "a test of ours");
  assert.equal(
    (await yard.lies("waste", 1)).map(({ id }) => id),
    [other.submission_id],
  );
  const [last] = (await yard.history(lead.submission_id)).slice(-1);
  assert.is(last?.type, "SubmissionDiscarded");
  assert.is(last?.metadata.by, "admin");
  assert.is((await yard.api("POST", "/api/dlq/redrive", { ids: which.ids })).status, 422);
});

test("of which nobody knows whether the partner has them are held until somebody says so", async () => {
  const doubt = await yard.configure("doubt", { ...SHORT, idempotent: false });
  await yard.behave("doubt", { behaviour: "reset_after_processing", times: 1, idempotent: false });
  const [taken, lost] = await yard.die(doubt, 2);
  assert.ok(taken && lost);
  for (const letter of await yard.lies("doubt", 2)) {
    assert.is(letter.reason, "outcome_unknown");
    assert.is(letter.in_doubt, true);
    assert.is(letter.detail, "econnreset");
    assert.is((await yard.api("GET", `/api/leads/${letter.lead_id}`)).body.reason, "outcome_unknown");
  }
  assert.equal((await yard.api("POST", "/api/dlq/redrive", { partner: "doubt" })).body, { count: 0 });
  const held = await yard.api("POST", "/api/dlq/redrive", { ids: [taken.submission_id] });
  assert.is(held.status, 422);
  assert.match(held.body.detail, /resolve/);

  const found = { outcome: "delivered", reason: "they have it", price: 5 };
  const resolved = await yard.api("POST", `/api/dlq/${taken.submission_id}/resolve`, found);
  assert.equal(resolved.body, { id: taken.submission_id, outcome: "delivered" });
  await yard.ends(taken, "delivered");
  assert.is((await yard.api("GET", `/api/leads/${taken.submission_id}`)).body.price, 5);
  assert.is((await yard.api("POST", `/api/dlq/${taken.submission_id}/resolve`, found)).status, 409);

  const not = { outcome: "not_delivered", reason: "they have nothing" };
  assert.is((await yard.api("POST", `/api/dlq/${lost.submission_id}/resolve`, not)).status, 200);
  assert.is(await yard.status(lost), "dead_lettered");
  const [letter] = await yard.lies("doubt", 1);
  assert.is(letter.in_doubt, undefined);
  assert.equal((await yard.api("POST", "/api/dlq/redrive", { partner: "doubt" })).body, { count: 1 });
  await yard.ends(lost, "delivered");
  const partner = (await yard.api("GET", "/api/partners/doubt")).body;
  assert.is(partner.delivered, 2);
  assert.is((await yard.api("POST", `/api/dlq/${lost.submission_id}/resolve`, not)).status, 409);
  assert.is((await yard.api("POST", `/api/dlq/${randomUUID()}/resolve`, not)).status, 404);
  const back = { lead_id: taken.submission_id, reason: "wrong number" };
  assert.is((await yard.api("POST", "/api/partners/doubt/returns", back)).status, 200);
});

test("are not needed for what a partner calls invalid: it is put right, and sent as another delivery", async () => {
  const strict = await yard.configure("strict", SHORT);
  await yard.behave("strict", { behaviour: "rejecting", status: 422, reason: "no such zip" });
  const lead = await yard.route(strict, { email: "bob@example.com", zip: "0" });
  await yard.ends(lead, "rejected");
  await yard.behave("strict", { behaviour: "healthy" });
  const path = `/api/dlq/${lead.submission_id}/redrive`;
  const wrong = await yard.api("POST", path, { payload: { email: "nonsense" }, reason: "typo" });
  assert.is(wrong.status, 422, JSON.stringify(wrong.body));
  assert.match(wrong.body.errors[0].path, /^payload/);
  const payload = { email: "bob@example.com", zip: "12345" };
  const both = await Promise.all([1, 2].map(() => yard.api("POST", path, { payload, reason: "typo" })));
  assert.equal(both.map(({ status }) => status).sort(), [200, 409]);
  await yard.ends(lead, "delivered");
  const sent = (await yard.requests("strict")).map(({ headers, body }) => ({
    key: headers["idempotency-key"],
    zip: JSON.parse(body).zip,
  }));
  assert.is(sent.length, 2);
  assert.equal(new Set(sent.map(({ zip }) => zip)), new Set(["0", "12345"]));
  assert.is(new Set(sent.map(({ key }) => key)).size, 2);
  const history = await yard.history(lead.submission_id);
  const corrected = history.find(({ type }) => type === "SubmissionCorrected");
  assert.is((corrected?.data as { reason?: string } | undefined)?.reason, "typo");
  assert.is(corrected?.metadata.by, "admin");
  assert.not.match(JSON.stringify(history.map(({ data }) => data)), /12345/);
  assert.equal((await yard.api("GET", `/api/leads/${lead.submission_id}`)).body.payload, payload);
  assert.is((await yard.api("POST", path, { payload })).status, 409);
});

test("of somebody who is forgotten show nothing of them", async () => {
  const gone = await yard.configure("gone", SHORT);
  await yard.behave("gone", { behaviour: "failing" });
  const [lead] = await yard.die(gone, 1, { email: "carl@example.com" });
  assert.ok(lead);
  assert.is((await yard.lies("gone", 1))[0].payload.email, "carl@example.com");
  const vault = await yard.inside.vault();
  await vault.destroy([nobodyKey("2026-01")]);
  const [letter] = await yard.lies("gone", 1);
  assert.is(letter.payload, null);
  assert.is(letter.forgotten, true);
  const payload = { email: "carl@example.com" };
  const corrected = await yard.api("POST", `/api/dlq/${lead.submission_id}/redrive`, { payload });
  assert.is(corrected.status, 409);
  // It dies again, for that reason.
  await yard.behave("gone", { behaviour: "healthy" });
  assert.equal((await yard.api("POST", "/api/dlq/redrive", { partner: "gone" })).body, { count: 1 });
  await until("it says why", async () => (await yard.lies("gone", 1))[0].reason === "forgotten");
  assert.is((await yard.effects("gone")).effects, 0);
});

test("of the intake are put through it again, and die again where nothing has changed", async () => {
  const nats = await natsProducer(yard.config.natsUrl);
  try {
    const body = JSON.stringify({ email: "dora@example.com" });
    const key = randomUUID();
    const { status } = await yard.api("PUT", "/api/sources/demo", { name: "Demo", allowed_kinds: ["event"] });
    assert.is(status, 200);
    await nats.publish("demo", signedHeaders(parseSecret(yard.secret), key, body), body);
    const lying = async () => (await yard.api("GET", "/api/dlq?stage=intake")).body.items;
    const [letter] = await until("it lies there", async () =>
      (await lying()).length === 1 ? lying() : false,
    );
    assert.is(letter.reason, "kind_not_allowed");
    assert.is(letter.attempts, 1);
    assert.is(letter.lead_id, undefined);
    assert.equal(letter.payload, { email: "dora@example.com" });

    const redrive = () => yard.api("POST", "/api/dlq/redrive", { ids: [letter.id] });
    assert.equal((await redrive()).body, { count: 1 });
    await until("it is refused again", async () => {
      const [again] = await lying();
      return again?.attempts === 2 && again.moving === undefined;
    });
    assert.is((await yard.api("PUT", "/api/sources/demo", { name: "Demo" })).status, 200);
    assert.equal((await yard.api("POST", "/api/dlq/redrive", { stage: "intake" })).body, { count: 1 });
    await until("it is taken in", async () => (await lying()).length === 0);
    const { items } = (await yard.api("GET", "/api/leads?q=dora@example.com")).body;
    assert.is(items.length, 1);

    await nats.publish("demo", {}, "nonsense");
    await until("another lies there", async () => (await lying()).length === 1);
    const discarded = await yard.api("POST", "/api/dlq/discard", { stage: "intake", reason: "nonsense" });
    assert.equal(discarded.body, { count: 1 });
    await until("it is gone", async () => (await lying()).length === 0);
  } finally {
    await nats.close();
  }
});

test("are the same in a model that is built anew", async () => {
  const { before, after } = await yard.rebuilt();
  assert.equal(after, before);
});

test.run();
