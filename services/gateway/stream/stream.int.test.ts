// The stream end to end: every role, a simulated partner, and a reader over HTTP.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type DeadLetterYard, SHORT, startDeadLetterYard, WORKERS } from "../../../test/dead-letters/yard.ts";
import { readStream, type StreamEvent } from "../../../test/gateway/stream-reader.ts";

const test = suite("the stream of a whole yard");
let yard: DeadLetterYard;
test.before(async () => {
  yard = await startDeadLetterYard(...WORKERS);
});
test.after(() => yard?.stop());

const read = (query = "", lastEventId?: string) =>
  readStream({ url: yard.url, token: yard.token, query, ...(lastEventId !== undefined && { lastEventId }) });

const statuses = (events: readonly StreamEvent[], id: string): unknown[] =>
  events.flatMap(({ event, data }) => (event === "lead" && data.id === id ? [data.status] : []));

test("needs the admin's token", async () => {
  const refused = await readStream({ url: yard.url, token: "another" });
  assert.equal([refused.status, refused.headers["content-type"]], [401, "application/problem+json"]);
});

test("a lead is seen in all its states, each once the read model shows it, also by who comes back", async () => {
  const taker = await yard.configure("taker", SHORT);
  const watching = await read("?topics=lead");
  assert.match(String(watching.headers["x-position"]), /^\d+$/);
  const { submission_id: id } = await yard.route(taker, { email: "ann@example.com" });
  const ofIt = ({ data }: StreamEvent, status: string): boolean => data.id === id && data.status === status;
  const [queued] = await watching.see("it is queued", (event) => ofIt(event, "queued"));
  const { body: lead } = await yard.api("GET", `/api/leads/${id}?after=${queued?.data.position}`);
  assert.is(lead.id, id);
  assert.equal(Object.keys(queued?.data).sort(), [
    "at",
    "id",
    "kind",
    "partner",
    "position",
    "source",
    "status",
  ]);
  await watching.see("it is delivered", (event) => ofIt(event, "delivered"));
  const all = ["received", "identified", "queued", "delivering", "delivered"];
  assert.equal(statuses(watching.events, id), all);
  assert.is((await yard.api("GET", `/api/leads/${id}`)).body.status, "delivered");
  const again = await read("?topics=lead", queued?.id);
  await again.see("it is delivered", (event) => ofIt(event, "delivered"));
  assert.equal(statuses(again.events, id), all.slice(3));
  for (const { data } of watching.events) assert.equal([data.kind, data.source], ["lead", "demo"]);
  assert.not.match(JSON.stringify(watching.events), /ann|example/);
  watching.close();
  again.close();
});

test("dead letters, circuits, pauses and read models are told", async () => {
  const failing = await yard.configure("failing", {
    retry: { max_attempts: 1 },
    circuit: { failure_threshold: 1, open_ms: 60_000 },
  });
  await yard.behave("failing", { behaviour: "failing" });
  const watching = await read("?topics=dead_letter,partner,projection");
  const [died] = await yard.die(failing, 1);
  const [letter] = await watching.see("the dead letter", ({ event }) => event === "dead_letter");
  assert.is(letter?.data.id, died?.submission_id);
  assert.equal(
    [letter?.data.stage, letter?.data.partner, letter?.data.reason],
    ["deliver", "failing", "http_503"],
  );
  const ofPartner = ({ event, data }: StreamEvent): boolean => event === "partner" && data.id === "failing";
  await watching.see("the circuit", (one) => ofPartner(one) && one.data.circuit_state === "open");
  await yard.api("POST", "/api/partners/failing/pause");
  await watching.see("the pause", (one) => ofPartner(one) && one.data.paused === true);
  await yard.api("POST", "/api/dlq/discard", { ids: [died?.submission_id], reason: "known" });
  await watching.see("the discard", ({ data }) => data.moved === "discarded");
  const models = await watching.see("all models", ({ event }) => event === "projection", 7);
  assert.ok(models.some(({ data }) => data.name === "leads" && BigInt(data.position) > 0n));
  watching.close();
});

test.run();
