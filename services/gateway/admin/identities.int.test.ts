import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { startIdentity } from "../../identity/app.ts";
import { startLeads } from "../../leads/app.ts";
import { startProjections } from "../../projections/app.ts";
import { startRelay } from "../../relay/app.ts";

const roles = [startRelay, startLeads, startIdentity, startProjections];
const { test, yard } = await gatewaySuite("identities over HTTP", {}, roles);
const jane = { email: "jane@example.com", phone: "+12025550143", full_name: "Jane Doe" };
let person: string;

test("who has sent something is known, and found by what was sent", async () => {
  const { body } = await yard.submit(jane);
  const identified = await until("the person is identified", async () => {
    const events = await yard.eventStore().readStream(`submission-${body.id}`);
    return events.find(({ type }) => type === "PersonIdentified");
  });
  person = (identified.data as { person_id: string }).person_id;
  const after = `after=${identified.position}`;
  const known = await yard.admin("GET", `/api/identities/${person}?${after}`);
  assert.is(known.status, 200);
  const { lead_count: _, ...rest } = known.body;
  assert.equal(rest, { id: person, ...jane, aliases: [], leads: [body.id] });
  const found = await yard.admin("GET", `/api/identities?email=JANE@example.com&${after}`);
  assert.equal(found.body, { items: [known.body] });
  const nobody = await yard.admin("GET", "/api/identities?email=joe@example.com");
  assert.equal(nobody.body, { items: [] });
});

test("only the bearer of the token asks about people", async () => {
  assert.is((await yard.call("/api/identities")).status, 401);
  assert.is((await yard.call(`/api/identities/${person}`, { method: "DELETE" })).status, 401);
});

test("whoever is not known can be neither read, forgotten nor split", async () => {
  const other = randomUUID();
  assert.is((await yard.admin("GET", `/api/identities/${other}`)).status, 404);
  assert.is((await yard.admin("DELETE", `/api/identities/${other}`)).status, 404);
  assert.is((await yard.admin("POST", `/api/identities/${other}/split`)).status, 404);
  assert.is((await yard.admin("DELETE", "/api/identities/jane")).status, 400);
});

test("who was never merged can't be split", async () =>
  assert.is((await yard.admin("POST", `/api/identities/${person}/split`)).status, 409));

test("forgetting is asked of the one who writes about people, and done once", async () => {
  const { status, headers, body } = await yard.admin("DELETE", `/api/identities/${person}`);
  assert.is(status, 200);
  assert.equal(Object.keys(body).sort(), ["persons", "raw_readable_until"]);
  assert.equal(body.persons, [person]);
  assert.ok(Date.parse(body.raw_readable_until) > Date.now());
  const [forgotten] = await yard.eventStore().readStreamBackwards(IDENTITY_STREAM, 1);
  assert.is(forgotten?.type, "PersonForgotten");
  assert.is(headers["x-position"], `${forgotten?.position}`);
  assert.is((await yard.admin("DELETE", `/api/identities/${person}`)).status, 409);
  const after = `after=${forgotten?.position}`;
  const found = await yard.admin("GET", `/api/identities?email=jane@example.com&${after}`);
  assert.equal(found.body, { items: [] });
});

test.run();
