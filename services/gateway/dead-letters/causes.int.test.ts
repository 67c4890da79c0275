// Dead letters by cause: counted over all that match, listed and moved by it; and a move that is held.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createMovingQueries } from "#projections/dead-letters/moving.ts";
import { type DeadLetterYard, SHORT, startDeadLetterYard, WORKERS } from "../../../test/dead-letters/yard.ts";
import { until } from "../../../test/harness/wait.ts";
import { startTimers } from "../../timers/app.ts";
import { moveDeadLettersWhile } from "../../timers/move-dead-letters.ts";

const test = suite("dead letters by cause");
let yard: DeadLetterYard;
test.before(async () => {
  yard = await startDeadLetterYard(...WORKERS.filter((role) => role !== startTimers));
});
test.after(() => yard?.stop());

/** Nothing is moved but while this is done. */
async function moving(done: () => Promise<unknown>): Promise<void> {
  const stopping = new AbortController();
  const own = { eventStore: yard.own.eventStore(), bus: await yard.own.bus(), log: yard.own.log };
  const letters = createMovingQueries({ database: yard.own.database() });
  const moved = moveDeadLettersWhile({ ...own, letters }, stopping.signal);
  await done();
  stopping.abort();
  await moved;
}

const causes = async (query = "") => (await yard.api("GET", `/api/dlq/causes${query}`)).body.items;
const listed = async (query: string) => (await yard.api("GET", `/api/dlq${query}`)).body.items;

test("are counted over the whole filter, whatever a page holds", async () => {
  const [busy, broken] = [await yard.configure("busy", SHORT), await yard.configure("broken", SHORT)];
  await yard.behave("busy", { behaviour: "failing" });
  await yard.behave("broken", { behaviour: "failing" });
  await yard.die(busy, 3);
  await yard.die(broken, 2);
  await yard.behave("broken", { behaviour: "failing", status: 500 });
  for (let n = 0; n < 4; n += 1) await yard.route(broken, { email: "ann@example.com", again: n });
  await yard.lies("broken", 6);
  assert.equal(await causes(), [
    { cause: "http_503", count: 5 },
    { cause: "http_500", count: 4 },
  ]);
  assert.equal(await causes("?partner=broken"), [
    { cause: "http_500", count: 4 },
    { cause: "http_503", count: 2 },
  ]);
  assert.equal(await causes("?stage=route"), []);
  assert.equal(await causes("?partner=No id"), []);
  const found = await listed("?partner=broken&cause=http_503");
  assert.equal(
    found.map(({ reason }: { reason: string }) => reason),
    ["http_503", "http_503"],
  );
  const odd = await yard.api("GET", "/api/dlq/causes?limit=1");
  assert.equal([odd.status, odd.body.errors[0].path], [400, "limit"]);
});

test("are moved by cause, those and no others", async () => {
  await yard.behave("broken", { behaviour: "healthy" });
  const which = { partner: "broken", cause: "http_503" };
  assert.equal((await yard.api("POST", "/api/dlq/redrive", { ...which, dry_run: true })).body, { count: 2 });
  assert.equal((await yard.api("POST", "/api/dlq/redrive", which)).body, { count: 2 });
  await moving(() => until("they are gone", async () => (await listed("?partner=broken")).length === 4));
  assert.equal(await causes("?partner=broken"), [{ cause: "http_500", count: 4 }]);
  const both = await yard.api("POST", "/api/dlq/redrive", { ids: [crypto.randomUUID()], cause: "http_503" });
  assert.is(both.status, 400);
});

test("of an unknown outcome are counted as such until it is known", async () => {
  const doubt = await yard.configure("doubt", { ...SHORT, idempotent: false });
  await yard.behave("doubt", { behaviour: "reset_after_processing", times: 1, idempotent: false });
  const [lead] = await yard.die(doubt, 1);
  assert.equal(await causes("?partner=doubt"), [{ cause: "outcome_unknown", count: 1 }]);
  const found = { outcome: "not_delivered", reason: "not in their list" };
  assert.is((await yard.api("POST", `/api/dlq/${lead?.submission_id}/resolve`, found)).status, 200);
  await until("the cause is what broke the call", async () => {
    const [one, ...others] = await causes("?partner=doubt");
    return others.length === 0 && one?.count === 1 && one.cause !== "outcome_unknown";
  });
});

test("stay where they are while what moves them is paused, and go on after it", async () => {
  const held = await yard.configure("held", SHORT);
  await yard.behave("held", { behaviour: "failing" });
  const died = await yard.die(held, 3);
  await yard.behave("held", { behaviour: "healthy" });
  assert.equal((await yard.api("POST", "/api/dlq/redrive", { partner: "held" })).body, { count: 3 });
  const underWay = async () => (await yard.api("GET", "/api/dlq/requests")).body.items;
  const [request] = await underWay();
  const { id, ...told } = request;
  assert.equal(told, { action: "redrive", by: "admin", count: 3, moved: 0, paused: false });
  const paused = await yard.api("POST", `/api/dlq/requests/${id}/pause`);
  assert.equal(paused.body, { id, paused: true });
  await until("it is shown as paused", async () => (await underWay())[0].paused);
  await moving(async () => {
    // Another that was asked for later is carried out meanwhile.
    assert.equal((await yard.api("POST", "/api/dlq/redrive", { partner: "doubt" })).body, { count: 1 });
    await until("only the paused one is left", async () => (await underWay()).length === 1);
    assert.equal((await underWay())[0], { ...request, paused: true });
    assert.is((await listed("?partner=held")).length, 3);
    assert.is((await yard.api("POST", `/api/dlq/requests/${id}/resume`)).status, 200);
    for (const one of died) await yard.ends(one, "delivered");
    await until("nothing is under way", async () => (await underWay()).length === 0);
  });
  const late = await yard.api("POST", `/api/dlq/requests/${id}/pause`);
  assert.is(late.status, 409, JSON.stringify(late.body));
  assert.is((await yard.api("POST", `/api/dlq/requests/${crypto.randomUUID()}/pause`)).status, 404);
});

test("are counted the same when the model is built anew", async () => {
  await moving(async () => undefined);
  const { before, after } = await yard.rebuilt();
  assert.equal(after, before);
  assert.ok((await causes()).length > 0);
});

test.run();
