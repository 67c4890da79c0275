// Replies over the embedded NATS, with the user that producers have: from what is published to the member that goes on, or to a dead letter.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { connect, headers as natsHeaders } from "nats";
import * as assert from "uvu/assert";
import { newSecret, parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { startCampaigns } from "../../../services/campaigns/app.ts";
import { startProjections } from "../../../services/projections/app.ts";
import { startTimers } from "../../../services/timers/app.ts";
import { ADMIN_TOKEN, startTestGateway, storedIn } from "../../../test/gateway/gateway.ts";
import { partsSuite } from "../../../test/gateway/suite.ts";
import { filesWith } from "../../../test/harness/stored-bytes.ts";
import { until } from "../../../test/harness/wait.ts";
import { temporaryDataFolder } from "../fixtures/launched.ts";
import { runPart } from "../fixtures/run-part.ts";
import { PRODUCER_INBOX, prepareNats } from "./nats.ts";

const { test, parts, atEnd } = await partsSuite("replies over NATS");
const dataDir = temporaryDataFolder();
const nats = await prepareNats(dataDir, process.env);
atEnd(await runPart(nats, dataDir));
const start = () =>
  startTestGateway(parts, { natsUrl: nats.url }, [startCampaigns, startProjections, startTimers]);
let yard = await start();
atEnd(() => yard.stop());
const { host: servers, username: user, password: pass } = new URL(nats.producerUrl);
const producer = await connect({ servers, user, pass, inboxPrefix: PRODUCER_INBOX });
atEnd(() => producer.close());

const reply = (message_id: string, email: string, text: string) =>
  JSON.stringify({ message_id, email, text });

/** Resolves when JetStream has stored it. */
async function publish(
  subject: string,
  body: string,
  { source = "demo", secret = parts.secret }: { source?: string | undefined; secret?: string } = {},
): Promise<void> {
  const headers = natsHeaders();
  const signed = { ...signedHeaders(parseSecret(secret), randomUUID(), body), "x-source": source };
  for (const [name, value] of Object.entries(signed)) if (value !== "") headers.set(name, value);
  await producer.jetstream().publish(subject, body, { headers });
}

async function add(...emails: string[]): Promise<void> {
  const { status } = await yard.call("/api/campaigns/spring/members", {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/x-ndjson" },
    body: emails.map((email) => JSON.stringify({ email })).join("\n"),
  });
  assert.is(status, 200);
}

const replies = async () =>
  (await yard.eventStore().readStream("campaign-spring")).filter(({ type }) => type === "MemberReplied");
const steps = async () => {
  const { body } = await yard.admin("GET", "/api/campaigns/spring/members");
  const items = body.items as { email: string; status: string; step: string }[];
  return Object.fromEntries(items.map(({ email, status, step }) => [email, `${status} ${step}`]));
};
const goesOn = (email: string) =>
  until(`${email} has replied`, async () => (await steps())[email] === "waiting heard");
const allHandled = () =>
  until("nothing waits in JetStream", async () => {
    const subjects = await (await yard.bus()).subjectsIn("SUBMISSIONS");
    return subjects.size === 0;
  });

test.before(async () => {
  const defined = [
    { id: "listen", type: "wait", for: "1h", on_reply: "heard" },
    { id: "silent", type: "end" },
    { id: "heard", type: "wait", for: "1h" },
  ];
  assert.is(
    (await yard.admin("PUT", "/api/campaigns/spring", { name: "Spring", steps: defined })).status,
    200,
  );
  await add("ann@example.com", "bob@example.com", "eve@example.com");
  assert.is((await yard.admin("POST", "/api/campaigns/spring/start", {})).status, 200);
  await until("all wait", async () =>
    Object.values(await steps()).every((where) => where === "waiting listen"),
  );
});

test("a signed reply is taken once by its message_id, whether or not a header names the source", async () => {
  for (const text of ["yes", "yes", "no"])
    await publish("replies.spring", reply("<1>", "Ann@example.com", text));
  await publish("replies.spring", reply("<2>", "bob@example.com", "no"), { source: "" });
  await goesOn("ann@example.com");
  await goesOn("bob@example.com");
  await allHandled();
  assert.equal(
    (await replies()).map(({ metadata }) => metadata.by),
    ["source:demo", "source:demo"],
  );
  assert.equal(await storedIn("intake-", yard), []);
  assert.is((await steps())["eve@example.com"], "waiting listen");
});

test("what is published while no gateway runs is taken later", async () => {
  await yard.stop();
  await publish("replies.spring", reply("<3>", "eve@example.com", "I was on holiday in Ålesund"));
  yard = await start();
  await goesOn("eve@example.com");
  await allHandled();
  assert.is((await replies()).length, 3);
  await until("no readable byte is left", () => filesWith(join(dataDir, "nats"), "Ålesund").length === 0);
});

test("what is refused becomes a dead letter with its reason, and can be redriven", async () => {
  const good = reply("<4>", "late@example.com", "am I late?");
  await publish("replies.spring", good);
  await publish("replies.spring", good, { secret: newSecret() });
  await publish("replies.spring", good, { source: "another" });
  await publish("replies.spring", "no json");
  await publish("replies.spring", '{"email":"late@example.com","text":"of no id"}');
  await publish("replies.autumn", good);
  const refused = await until("six are refused", async () => {
    const all = await storedIn("intake-", yard);
    return all.length >= 6 && all;
  });
  assert.equal(refused.map(({ type, data }) => [type, (data as { campaign: string }).campaign]).sort(), [
    ["ReplyRefused", "autumn"],
    ...Array(5).fill(["ReplyRefused", "spring"]),
  ]);
  const reasons = refused.map(({ data }) => (data as { reason: string }).reason.replace(/:.*/, ""));
  assert.equal(reasons.sort(), [
    "invalid",
    "malformed",
    "not_found",
    "not_found",
    "unauthenticated",
    "unauthenticated",
  ]);
  assert.not.match(JSON.stringify(refused.map(({ data }) => data)), /late@|am I late/);

  interface Letter {
    readonly id: string;
    readonly reason: string;
    readonly payload: unknown;
  }
  const listed = async () => (await yard.admin("GET", "/api/dlq?stage=intake")).body.items as Letter[];
  const letter = await until("the list has it", async () =>
    (await listed()).find(({ reason }) => reason.startsWith("not_found: Nobody with this id or address")),
  );
  assert.equal(letter.payload, JSON.parse(good));
  await add("late@example.com");
  await until("the member waits", async () => (await steps())["late@example.com"] === "waiting listen");
  const { body } = await yard.admin("POST", "/api/dlq/redrive", { ids: [letter.id] });
  assert.is(body.count, 1);
  await goesOn("late@example.com");
  await until("it is no dead letter any more", async () =>
    (await listed()).every(({ id }) => id !== letter.id),
  );
  assert.is((await listed()).length, 5);
});

test("nothing personal and no secret was logged", () => {
  assert.not.match(yard.logged(), /late@|ann@|whsec_/i);
});

test.run();
