import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { type DeadLetterYard, startDeadLetterYard, WORKERS } from "../../../test/dead-letters/yard.ts";
import { until } from "../../../test/harness/wait.ts";

const test = suite("leads of merged persons");
let yard: DeadLetterYard;
test.before(async () => {
  yard = await startDeadLetterYard(...WORKERS);
});
test.after(() => yard?.stop());

async function submitted(payload: Record<string, string>): Promise<{ id: string; person_id: string }> {
  const body = JSON.stringify(payload);
  const signed = signedHeaders(parseSecret(yard.secret), body.replaceAll(/\W/g, ""), body);
  const headers = { "content-type": "application/json", "x-source": "demo", ...signed };
  const response = await fetch(`${yard.url}/api/submit`, { method: "POST", headers, body });
  assert.is(response.status, 202);
  const { id } = (await response.json()) as { id: string };
  return until("it is known whose it is", async () => {
    const { person_id } = (await yard.api("GET", `/api/leads/${id}`)).body;
    return person_id && { id, person_id };
  });
}

test("are found under the person who stays, and under the one who went", async () => {
  const ann = { email: "ann@example.com", phone: "+12025550143", full_name: "Ann" };
  const bob = { email: "bob@example.com", phone: "+12025550144", full_name: "Bob" };
  const first = await submitted(ann);
  const second = await submitted(bob);
  assert.is.not(first.person_id, second.person_id);
  const both = { email: ann.email, phone: bob.phone };
  const alias = await submitted({ ...both, full_name: "Bob" });
  assert.is(alias.person_id, second.person_id);
  const proof = await submitted({ ...both, full_name: "Ann" });
  assert.is(proof.person_id, first.person_id);
  const ids = [proof.id, alias.id, second.id, first.id];
  const head = await yard.own.eventStore().head();
  await yard.api("GET", `/api/identities?after=${head}`);
  for (const person of [first.person_id, second.person_id]) {
    const { body } = await yard.api("GET", `/api/leads?person_id=${person}&after=${head}`);
    assert.equal(
      body.items.map(({ id }: { id: string }) => id),
      ids,
    );
  }
  const nobody = await yard.api("GET", "/api/leads?person_id=00000000-0000-4000-8000-000000000000");
  assert.equal(nobody.body, { items: [] });
});

test.run();
