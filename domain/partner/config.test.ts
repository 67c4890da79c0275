import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createCodec } from "#platform/event-store/codec.ts";
import { PartnerConfig, partnerConfigEvents } from "./config.ts";
import { partnerEvents } from "./events.ts";
import { openedDelivery } from "./stored-delivery.ts";

const test = suite("what is stored about a partner");

test("a secret is one that deliveries can be signed with: 24 to 64 bytes in base64", () => {
  const takes = (secret: string): boolean =>
    PartnerConfig.safeParse({ name: "Edu", delivery: { type: "http", url: "http://localhost/", secret } })
      .success;
  const ofBytes = (count: number): string => `whsec_${Buffer.alloc(count, 7).toString("base64")}`;
  for (const count of [24, 32, 63, 64]) assert.ok(takes(ofBytes(count)), `${count}`);
  for (const count of [0, 23, 65, 66, 100]) assert.not.ok(takes(ofBytes(count)), `${count}`);
  assert.not.ok(takes(ofBytes(32).replace("whsec_", "")));
  assert.not.ok(takes("whsec_not base64 at all but long enough!!!"));
});

const codec = createCodec(partnerConfigEvents);
const configured = (version: number, data: unknown) => {
  const raw = { stream: "partner_config", revision: 0n, type: "PartnerConfigured", version, data };
  const decoded = codec.decode(raw);
  if (!decoded.known || decoded.event.type !== "PartnerConfigured") throw new Error("it is known");
  return decoded.event.data;
};
const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"));

test("the first version of PartnerConfigured is read, with the delivery as it stood there", () => {
  const { partner, config, delivery } = configured(1, fixture("partner-configured.v1"));
  assert.equal([partner, config?.name, config?.limits.concurrency], ["edu", "Education", 4]);
  assert.not.ok(config && "delivery" in config);
  assert.ok(delivery && "plain" in delivery);
  const opened = openedDelivery(delivery, `whsec_${Buffer.alloc(24, 7).toString("base64")}`);
  assert.ok(opened.usable && opened.delivery.type === "http");
  assert.equal(
    [opened.delivery.url, opened.delivery.headers],
    ["http://edu.example/leads", { "x-key": "k" }],
  );
  assert.match(opened.delivery.secret ?? "", /^whsec_/);
});

test("what can't be read of it is null, and whose it is, is known all the same", () => {
  for (const config of [undefined, null, 7, [], { name: 7 }, { name: "Edu", retry: { max_attempts: 1e9 } }]) {
    const data = configured(1, { partner: "edu", config });
    assert.equal([data.partner, data.config], ["edu", null]);
  }
  assert.is(configured(2, { partner: "edu", config: { name: "Edu" }, delivery: 7 }).delivery, null);
  assert.throws(() => configured(1, { config: {} }), /can't be read/);
});

test("events of earlier releases are read without the HTTP status that they name", () => {
  const data = {
    partner: "edu",
    delivery_id: "00000000-0000-8000-8000-000000000001",
    submission_id: "00000000-0000-8000-9000-000000000001",
    attempt: 1,
    timings: { total_ms: 5, partner_ms: 4, overhead_ms: 1 },
    reason: "http_400",
  };
  assert.equal(partnerEvents.DeliveryRejected.schema.parse({ ...data, http_status: 400 }), data);
});

test.run();
