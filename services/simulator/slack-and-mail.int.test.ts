// Partners that are reached by Slack or by mail instead of plain HTTP.
import nodemailer from "nodemailer";
import { request } from "undici";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createSimulator, type Simulator } from "./app.ts";
import { askSimulator, type Json } from "./fixtures/ask.ts";

const test = suite("The simulator's Slack and mail");
let simulator: Simulator;
test.before(async () => {
  simulator = await createSimulator({ maxIds: 500 });
});
test.after(() => simulator.close());
test.after.each(() => forgetAll());

const { told, behave, forgetAll } = askSimulator(() => simulator.url);

async function slack(name: string, body: string, id: string) {
  const headers = { "idempotency-key": id, "webhook-id": `d-${id}` };
  const answer = await request(`${simulator.url}/slack/${name}`, { method: "POST", headers, body });
  return {
    status: answer.statusCode,
    text: await answer.body.text(),
    retryAfter: answer.headers["retry-after"],
  };
}

test("plays an incoming webhook of Slack, which says in a word what it takes and what it does not", async () => {
  const message = '{"text":"New lead"}';
  assert.equal(await slack("sales", message, "a"), { status: 200, text: "ok", retryAfter: undefined });
  assert.is((await slack("sales", message, "a")).text, "ok");
  assert.is((await told("sales")).effects, 1);
  assert.equal(
    [(await slack("sales", "{}", "b")).status, (await slack("sales", "{", "c")).text],
    [400, "invalid_payload"],
  );
  await behave("sales", { behaviour: "rejecting", status: 410, reason: "channel is archived" });
  const gone = await slack("sales", message, "d");
  assert.equal([gone.status, gone.text], [410, "channel_is_archived"]);
  await behave("sales", { behaviour: "rate_limited", times: 1, retry_after_s: 7 });
  assert.equal(
    [(await slack("sales", message, "e")).status, (await slack("sales", message, "f")).retryAfter],
    [429, "7"],
  );
});

test("plays an SMTP server for partners whose name stands before the @", async () => {
  const { url } = (await told("../smtp")) as { url: string };
  assert.is(url, simulator.smtpUrl);
  const transport = nodemailer.createTransport(url);
  const mail = (id: string) =>
    transport
      .sendMail({
        from: "yard@shop.example",
        to: "Pricing <pricing@partners.example>",
        subject: "New lead",
        text: "Hello",
        headers: { "idempotency-key": id, "webhook-id": id },
      })
      .then(
        ({ response }) => response.slice(0, 3),
        ({ responseCode, code }: { responseCode?: number; code: string }) => responseCode ?? code,
      );
  assert.equal([await mail("a"), await mail("a")], ["250", "250"]);
  assert.equal([(await told("pricing")).effects, (await told("pricing")).repeats], [1, 1]);
  const { items } = (await told("pricing/requests")) as { items: { headers: Json; body: string }[] };
  assert.equal([items[0]?.headers.subject, items[0]?.headers["idempotency-key"]], ["New lead", "a"]);
  assert.match(items[0]?.body ?? "", /Hello/);
  await behave("pricing", { behaviour: "rejecting" });
  assert.is(await mail("b"), 550);
  await behave("pricing", { behaviour: "failing" });
  assert.is(await mail("c"), 451);
  await behave("pricing", { behaviour: "reset_after_processing" });
  assert.is(await mail("d"), "ECONNECTION");
  assert.is((await told("pricing")).effects, 2);
  transport.close();
});

test.run();
