// Nothing of a forgotten person can be read in any file of the yard: neither what they sent, nor what a partner answered, nor their key.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectDatabase } from "#platform/database.ts";
import { createLog } from "#platform/log.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { natsProducer } from "../gateway/over-nats.ts";
import { saidLately } from "../harness/evidence.ts";
import { filesWith, writtenIn } from "../harness/stored-bytes.ts";
import { until } from "../harness/wait.ts";
import type { LeadView } from "./client.ts";
import { configurePartner, configureRules, rule } from "./demo-partners.ts";
import { type RunningYard, startYard } from "./yard.ts";

const test = suite("forgetting, byte by byte");

const EMAIL = "zoe.unmistakable@example.org";
const NAME = "Zoë Quastenflosser";
const PHONE = "+12025550173";
const FREE_TEXT = "the blue heron nests behind my grandmother's mill";
/** Only the partner says it. */
const ANSWERED = "we called this lady on her boat in Ærøskøbing";
/** What comes over JetStream. */
const PUBLISHED = "a hundred and eleven storks over the salt meadows";
/** What a partner gives as its reason, with the person's address. */
const REASON = "already known to our nephew's lighthouse";
const DECLINED = "the lady keeps no umbrella";
const PERSONAL = [
  ...[PUBLISHED, EMAIL, NAME, "Quastenflosser", PHONE, "2025550173", FREE_TEXT, ANSWERED],
  ...[REASON, DECLINED],
];

const submission = {
  email: EMAIL.toUpperCase(),
  full_name: NAME,
  phone: "+1 (202) 555-0173",
  country: "US",
  notes: { free: FREE_TEXT },
};

/** Repeats to whoever asks what it was given: first as a failure, then as a success; at another path it declines. */
const delivered: string[] = [];
const partner = createServer(async (request: IncomingMessage, response) => {
  const body = await text(request);
  if (request.url === "/declines") {
    response.writeHead(422, { "content-type": "application/json" });
    response.end(JSON.stringify({ why: `${DECLINED} <${EMAIL}>` }));
    return;
  }
  delivered.push(body);
  response.writeHead(delivered.length === 1 ? 503 : 200, { "content-type": "application/json" });
  response.end(
    JSON.stringify({ status: "accepted", why: `${REASON} <${EMAIL}>`, said: ANSWERED, received: body }),
  );
}).listen(0, "127.0.0.1");
await once(partner, "listening");
const { port } = partner.address() as AddressInfo;

let yard: RunningYard;
test.before(async () => {
  yard = await startYard("together");
});
test.after(async () => {
  partner.close();
  await yard?.stop();
});

/** Every store and every log that holds it. */
function found(what: string): string[] {
  const { dataDir, nats, postgres } = yard;
  const dirs = [yard.eventStore().dir, nats.dir, postgres.dir, dataDir];
  const logs = Buffer.from([saidLately(), yard.process("gateway").log(), yard.eventStore().log()].join("\n"));
  return [
    ...dirs.flatMap((dir) => filesWith(dir, what)),
    ...writtenIn(logs, what).map((how) => `a log (${how})`),
  ];
}

async function publish(body: object): Promise<void> {
  const producer = await natsProducer(yard.nats.url);
  const said = JSON.stringify(body);
  await producer.publish("demo", signedHeaders(parseSecret(yard.secret), randomUUID(), said), said);
  await producer.close();
  await until("what was published is delivered", () => delivered.some((one) => one.includes(PUBLISHED)));
}

const foundOf = (texts: readonly string[]): string[] =>
  texts.flatMap((one) => found(one).map((where) => `${one}: ${where}`));

test("leaves nothing in any file", async () => {
  const { client } = yard;
  await configurePartner(client, "", "echo", {
    delivery: { type: "http", url: `http://127.0.0.1:${port}/leads`, timeout_ms: 2_000 },
    dedupe: { fields: ["email", "notes.free"] },
    response: { reason_path: "why" },
  });
  await configurePartner(client, "", "declines", {
    delivery: { type: "http", url: `http://127.0.0.1:${port}/declines`, timeout_ms: 2_000 },
    response: { reason_path: "why" },
  });
  await configureRules(client, [
    rule("wanted", 1, { interest: "Umbrellas" }, { to: "declines" }),
    rule("all", 2, {}, { to: "echo" }),
  ]);
  const id = await client.submitUntilAccepted(submission);
  const lead = await client.ended(id);
  assert.is(lead.status, "delivered");
  assert.ok(delivered.length === 2 && delivered.every((body) => body.includes(FREE_TEXT)));
  assert.is(lead.reason, `${REASON} <${EMAIL}>`);
  await publish({ ...submission, notes: { free: PUBLISHED } });
  const declined = await client.submitUntilAccepted({ ...submission, interest: "Umbrellas" });
  const ended = await client.ended(declined);
  assert.equal([ended.status, ended.reason], ["rejected", `${DECLINED} <${EMAIL}>`]);
  const person = lead.person_id ?? "";

  // Read in every way, so that what reading leaves behind is searched too.
  assert.is((await client.timeline(id)).length, 7);
  const listed = await client.admin<{ items: { id: string }[] }>("GET", `/api/identities?email=${EMAIL}`);
  assert.is(listed.body.items[0]?.id, person);
  const timelineOf = async (lead: string) =>
    JSON.stringify(await client.admin("GET", `/api/leads/${lead}/timeline`));
  assert.match(await timelineOf(id), ANSWERED);
  assert.match(await timelineOf(id), REASON);
  assert.match(await timelineOf(declined), DECLINED);
  const database = connectDatabase({
    url: yard.postgres.url,
    log: createLog({ level: "silent", name: "test", instance: "test" }),
  });
  const [key] = await database.query<{ wrapped: string }>("select wrapped from vault.keys where id = $1", [
    `person-${person}`,
  ]);
  const keyBytes = (JSON.parse(key?.wrapped ?? "") as { data: string }).data;
  await database.execute("checkpoint");

  // The search reads what the stores wrote: ids and wrapped keys are no secret.
  for (const dir of [yard.eventStore().dir, yard.nats.dir, yard.postgres.dir])
    assert.ok(filesWith(dir, id).length > 0, `the submission's id is nowhere in ${dir}`);
  assert.ok(found(keyBytes).length > 0, "the key is nowhere");
  assert.equal(foundOf(PERSONAL), [], "before it is forgotten all of it is sealed");

  assert.is((await client.admin("DELETE", `/api/identities/${person}`, {})).status, 200);
  // As if it had crashed before anything was purged: the next process does that.
  await yard.replace("gateway");
  await until("the key is purged", async () => {
    const rows = await database.query("select 1 from vault.keys where id = $1 and purged_at is not null", [
      `person-${person}`,
    ]);
    return rows.length === 1;
  });
  assert.equal(foundOf([...PERSONAL, keyBytes]), []);
  const forgotten = await until("the identity is shown as forgotten", async () => {
    const { body } = await client.admin<{ forgotten_at?: string }>("GET", `/api/identities/${person}`);
    return body.forgotten_at === undefined ? undefined : body;
  });
  assert.not.match(JSON.stringify(forgotten), /zoe|Zoë|202555/i);
  const { body: shown } = await client.admin<LeadView>("GET", `/api/leads/${declined}`);
  assert.equal([shown.status, shown.reason], ["rejected", "http_422"]);
  await database.close();
});

test.run();
