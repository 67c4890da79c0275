import * as assert from "uvu/assert";
import type { Submission } from "#domain/submission/submission.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("CloudEvents");

const attributes = {
  specversion: "1.0",
  id: "e-1",
  source: "/courier",
  type: "shipment.delayed",
  time: "2026-01-02T03:04:05Z",
};
const structured = { "content-type": "application/cloudevents+json; charset=utf-8" };

async function payload(id: string): Promise<Submission["payload"]> {
  const [event] = await yard.eventStore().readStream(`submission-${id}`);
  const { sealed } = (event?.data ?? {}) as { sealed: never };
  const vault = await yard.vault();
  return ((await vault.open(sealed, `submission-${id}`)) as Submission).payload;
}

test("in structured mode the data is the payload, and the attributes stand beside it", async () => {
  const event = { ...attributes, datacontenttype: "application/json", data: { shipment_id: "s1" } };
  const { status, body } = await yard.submit(event, { path: "/api/events", headers: structured });
  assert.is(status, 202);
  const kept = await payload(body.id);
  assert.is(kept.shipment_id, "s1");
  assert.is(kept.type, "shipment.delayed");
  assert.is(kept.event_id, "e-1");
  assert.is(kept.occurred_at, attributes.time);
  assert.equal(kept.cloudevent, { ...attributes, datacontenttype: "application/json" });
});

test("in binary mode the attributes are headers", async () => {
  const headers = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]),
  );
  const { status, body } = await yard.submit({ order_id: 9 }, { path: "/api/events", headers });
  assert.is(status, 202);
  const kept = await payload(body.id);
  assert.is(kept.order_id, 9);
  assert.equal(kept.cloudevent, attributes);
});

test("leads and requests for assistance come in them, too", async () => {
  const lead = { ...attributes, data: { email: "jane@example.com" } };
  assert.is((await yard.submit(lead, { headers: structured })).status, 202);
  const help = { ...attributes, data: { topic: "sales", description: "Call me" } };
  assert.is((await yard.submit(help, { path: "/api/assistance", headers: structured })).status, 202);
});

test("data may be base64", async () => {
  const data_base64 = Buffer.from(JSON.stringify({ email: "jane@example.com" })).toString("base64");
  assert.is((await yard.submit({ ...attributes, data_base64 }, { headers: structured })).status, 202);
});

for (const [what, event, path] of [
  ["another version", { ...attributes, specversion: "0.3", data: {} }, "specversion"],
  ["no id", { ...attributes, id: undefined, data: {} }, "id"],
  ["data that is no object", { ...attributes, data: "text" }, "data"],
  ["data of another type", { ...attributes, datacontenttype: "text/xml", data: {} }, "datacontenttype"],
] as const) {
  test(`${what} is 400`, async () => {
    const { status, body } = await yard.submit(event, { path: "/api/events", headers: structured });
    assert.is(status, 400);
    assert.is(body.errors[0].path, path);
  });
}

test.run();
