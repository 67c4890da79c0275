// What a person causes says so, in the event itself: also what others carry out for them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type DeadLetterYard, SHORT, startDeadLetterYard, WORKERS } from "../../../test/dead-letters/yard.ts";
import { until } from "../../../test/harness/wait.ts";

const test = suite("what a person has caused");
let yard: DeadLetterYard;
let cookie = "";
test.before(async () => {
  yard = await startDeadLetterYard(...WORKERS);
  const { body } = await yard.api("POST", "/api/users", { name: "Opal Ops", role: "operator" });
  const token = new URL(body.setup_url).hash.slice(1);
  const response = await fetch(`${yard.url}/api/setup`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, password: "seven red freight cars" }),
  });
  assert.is(response.status, 200);
  cookie = (response.headers.get("set-cookie") ?? "").split(";", 1)[0] ?? "";
});
test.after(() => yard?.stop());

async function asOpal(method: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${yard.url}${path}`, {
    method,
    headers: { cookie, "content-type": "application/json", "sec-fetch-site": "same-origin" },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.text()}`);
}

/** Who the newest event of this type in a lead's stream is by. */
async function byOfLast(lead: { readonly submission_id: string }, type: string): Promise<string | undefined> {
  return until(`there is ${type}`, async () => {
    const history = await yard.history(lead.submission_id as never);
    return history.findLast((event) => event.type === type)?.metadata.by;
  });
}

test("a redrive, a discard, a correction and a resolution name the person who asked", async () => {
  const failing = await yard.configure("failing", SHORT);
  await yard.behave("failing", { behaviour: "failing" });
  const [again, dropped] = await yard.die(failing, 2);
  assert.ok(again && dropped);
  await asOpal("POST", "/api/dlq/discard", { ids: [dropped.submission_id], reason: "known" });
  await yard.behave("failing", { behaviour: "healthy" });
  await asOpal("POST", "/api/dlq/redrive", { ids: [again.submission_id] });
  await yard.ends(again, "delivered");
  assert.is(await byOfLast(again, "SubmissionRedriven"), "Opal Ops");
  assert.is(await byOfLast(dropped, "SubmissionDiscarded"), "Opal Ops");

  const strict = await yard.configure("strict", SHORT);
  await yard.behave("strict", { behaviour: "rejecting", status: 422, reason: "no such zip" });
  const wrong = await yard.route(strict, { email: "bob@example.com", zip: "0" });
  await yard.ends(wrong, "rejected");
  const payload = { email: "bob@example.com", zip: "12345" };
  await asOpal("POST", `/api/dlq/${wrong.submission_id}/redrive`, { payload, reason: "typo" });
  assert.is(await byOfLast(wrong, "SubmissionCorrected"), "Opal Ops");

  const doubt = await yard.configure("doubt", { ...SHORT, idempotent: false });
  await yard.behave("doubt", { behaviour: "reset_after_processing", times: 1 });
  const [held] = await yard.die(doubt, 1);
  assert.ok(held);
  const found = { outcome: "delivered", reason: "they have it" };
  await asOpal("POST", `/api/dlq/${held.submission_id}/resolve`, found);
  await asOpal("POST", "/api/partners/doubt/pause", { reason: "they move" });
  await until("all of it stands in the audit", async () => {
    const { body } = await yard.api("GET", "/api/audit?by=Opal%20Ops&limit=200");
    const types = new Set(body.items.map(({ type }: { type: string }) => type));
    const wanted = [
      ...["UserSetUp", "SignedIn", "DiscardRequested", "RedriveRequested"],
      ...["SubmissionCorrected", "DeliveryReconciled", "PartnerPaused"],
    ];
    const missing = wanted.filter((type) => !types.has(type));
    if (missing.length > 0) throw new Error(`${missing.join(", ")} are missing`);
    return true;
  });
});

test.run();
