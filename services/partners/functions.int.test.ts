// Functions that people wrote, in a partner's own life: as its delivery, and as what says which submissions are the same to it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../test/harness/wait.ts";
import { dataOf, type PartnerYard, startPartnerYard } from "../../test/partners/yard.ts";
import { startRelay } from "../relay/app.ts";
import { startPartners } from "./app.ts";

const test = suite("partners with functions");
let yard: PartnerYard;
const types = (events: readonly { type: string }[]): string[] => events.map(({ type }) => type);
const dedupe = { function: '(lead) => (lead.email ?? "").split("@")[1] ?? ""' };

test.before(async () => {
  yard = await startPartnerYard();
  await yard.start("one", startRelay, startPartners);
});
test.after(() => yard?.stop());

test("deliver to a function, and record which configuration was used", async () => {
  const delivery = (price: number) => ({
    type: "function",
    code: `(lead) => ({ outcome: "success", price: ${price}, reason: lead.interest })`,
  });
  const scripted = await yard.configure("scripted", { delivery: delivery(3) });
  const first = await yard.becomes(await yard.route(scripted, { interest: "Art" }), "DeliverySucceeded");
  assert.equal([dataOf(first[0]).config_version, dataOf(first[1]).price], [1, 3]);
  assert.is(dataOf(first[1]).reason, undefined);
  assert.is(await yard.toldIn(first[1]), "Art");
  await yard.configure("scripted", { delivery: delivery(5) });
  const second = await yard.becomes(await yard.route(scripted), "DeliverySucceeded");
  assert.equal([dataOf(second[0]).config_version, dataOf(second[1]).price], [2, 5]);
});

test("try again what a function can't do, and take its no for an answer", async () => {
  const retry = { max_attempts: 2, base_ms: 10 };
  const throwing = { type: "function", code: '() => { throw new Error("ann@example.com") }' };
  const broken = await yard.configure("broken", { delivery: throwing, retry });
  const events = await yard.becomes(await yard.route(broken), "DeliveryDeadLettered");
  assert.equal(types(events), [
    "DeliveryStarted",
    "DeliveryFailed",
    "DeliveryStarted",
    "DeliveryDeadLettered",
  ]);
  assert.is(dataOf(events.at(-1)).reason, "function_threw");
  assert.not.match(JSON.stringify(events.map(({ data }) => data)), /ann@example/);
  const no = { type: "function", code: '() => ({ outcome: "failure", reason: "full" })' };
  const full = await yard.configure("full", { delivery: no });
  const declined = await yard.becomes(await yard.route(full), "DeliveryRejected");
  assert.is(dataOf(declined.at(-1)).reason, "function_declined");
  assert.is(await yard.toldIn(declined.at(-1)), "full");
});

test("deliver one of those that a function calls the same, also when they come at once", async () => {
  const once = await yard.configure("once", { dedupe });
  await yard.behave("once", { behaviour: "healthy", delay_ms: 100 });
  const routed = await Promise.all(
    ["ann@a.example", "bob@a.example", "cleo@a.example", "dan@b.example"].map((email) =>
      yard.route(once, { email }),
    ),
  );
  const lastOf = async (one: (typeof routed)[number]) => (await yard.partnerHistory(once, one)).at(-1);
  const events = await until("all have ended", async () => {
    const all = await Promise.all(routed.map(lastOf));
    return all.every((event) => /Succeeded|Duplicated/.test(event?.type ?? "")) && all;
  });
  const ends = events.map((event) => event?.type);
  for (const event of events)
    if (event?.type === "DeliveryDuplicated") assert.is(dataOf(event).config_version, 1);
  assert.equal(ends.slice(0, 3).sort(), ["DeliveryDuplicated", "DeliveryDuplicated", "DeliverySucceeded"]);
  assert.is(ends[3], "DeliverySucceeded");
  assert.is((await yard.effects("once")).effects, 2);
});

test("ask about many that come at once, and deliver all that differ", async () => {
  const busy = { function: "(lead) => { for (let n = 0; n < 2e5; n += 1); return lead.email }" };
  const many = await yard.configure("many", { dedupe: busy, retry: { max_attempts: 1 } });
  const routed = await Promise.all(
    Array.from({ length: 300 }, (_, n) => yard.route(many, { email: `ann-${n}@shop.example` })),
  );
  for (const one of routed) await yard.becomes(one, "DeliverySucceeded");
  assert.is((await yard.effects("many")).effects, routed.length);
});

test("take two that a function has no word for as different", async () => {
  const blank = await yard.configure("blank", { dedupe });
  const routed = await Promise.all([yard.route(blank), yard.route(blank)]);
  for (const one of routed) await yard.becomes(one, "DeliverySucceeded");
});

for (const [what, code, reason] of [
  ["throws", '() => { throw new Error("no") }', "dedupe_threw"],
  ["gives no text", "(lead) => 7", "dedupe_not_a_string"],
  ["gives a promise of one", "async (lead) => 'a'", "dedupe_not_a_string"],
  ["takes too long", "() => { for (;;); }", "dedupe_cpu_limit"],
  ["takes too much", "() => new Uint8Array(1e9).join()", "dedupe_memory_limit"],
  ["may not call", "() => fetch('http://x.example/')", "dedupe_threw"],
] as const)
  test(`deliver nothing where the function that says what is the same ${what}`, async () => {
    const id = `fails-${reason}-${what.length}`;
    const retry = { max_attempts: 2, base_ms: 10, max_ms: 20 };
    const failing = await yard.configure(id, { dedupe: { function: code }, retry });
    const events = await yard.becomes(await yard.route(failing), "DeliveryDeadLettered");
    assert.equal(types(events), ["DeliveryDeadLettered"]);
    assert.equal([dataOf(events[0]).cause, dataOf(events[0]).reason], ["dedupe_failed", reason]);
    assert.equal(await yard.requests(id), []);
    // Mended, it delivers what comes.
    await yard.configure(id, { dedupe, retry });
    await yard.becomes(await yard.route(failing), "DeliverySucceeded");
  });

test("deliver what a failing function kept waiting, once it is mended", async () => {
  const retry = { max_attempts: 50, base_ms: 50, max_ms: 100 };
  const mended = await yard.configure("mended", { dedupe: { function: "() => 7" }, retry });
  const routed = await yard.route(mended);
  const other = await yard.configure("other");
  await yard.becomes(await yard.route(other), "DeliverySucceeded");
  assert.equal(await yard.partnerHistory(mended, routed), []);
  await yard.configure("mended", { dedupe, retry });
  await yard.becomes(routed, "DeliverySucceeded");
});

test.run();
