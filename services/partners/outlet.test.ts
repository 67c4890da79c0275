import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerConfig } from "#domain/partner/config.ts";
import { createLog } from "#platform/log.ts";
import type { Entry } from "./directory.ts";
import { createOutlet } from "./outlet.ts";

const test = suite("the way out to a partner");
const log = createLog({ level: "silent", name: "test", instance: "test" });

const entryWith = (url: string, standing: Entry["standing"] = "active"): Entry => {
  const config = PartnerConfig.parse({ name: "edu", delivery: { type: "http", url } });
  return { config, standing, secret: undefined, configured: { config, standing, sealed_secret: undefined } };
};

test("follows what is configured, whoever tells it or not", async () => {
  let entry = entryWith("http://127.0.0.1:1/a");
  const outlet = createOutlet({ entry: () => entry, allowPrivate: true, log });
  const before = outlet.channel;
  entry = entryWith("http://127.0.0.1:1/b");
  assert.is.not(outlet.channel, before);
  await outlet.close();
});

test("stays the same when only the partner's standing changes", async () => {
  let entry = entryWith("http://127.0.0.1:1/a");
  const outlet = createOutlet({ entry: () => entry, allowPrivate: true, log });
  const { channel, rate } = outlet;
  entry = entryWith("http://127.0.0.1:1/a", "paused");
  assert.is(outlet.channel, channel);
  assert.is(outlet.rate, rate);
  await outlet.close();
});

test.run();
