import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerConfig } from "./config.ts";
import { partnerEvents } from "./events.ts";

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
