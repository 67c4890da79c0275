import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import { PartnerConfig } from "#domain/partner/config.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { openedDelivery } from "#domain/partner/stored-delivery.ts";
import { createLog } from "#platform/log.ts";
import { until } from "../../test/harness/wait.ts";
import { testChannelParts } from "../../test/partners/channel.ts";
import { type CurrentChannelOptions, currentChannel } from "./current-channel.ts";

const test = suite("the channel to a partner");
const partner = PartnerId.parse("edu");
const log = createLog({ level: "silent", name: "test", instance: "test" });

const configuredWith = (url: string, more: object = {}): ConfiguredPartner => {
  const { delivery, ...config } = PartnerConfig.parse({ name: "edu", delivery: { type: "http", url } });
  return { config, delivery: { plain: { ...delivery, ...more } }, standing: "active", version: 1 };
};
const opened: CurrentChannelOptions["deliveryOf"] = async ({ delivery }) =>
  delivery === undefined
    ? { usable: false, found: undefined, errors: [] }
    : openedDelivery(delivery, undefined);
const follow = (configured: () => ConfiguredPartner, deliveryOf = opened) =>
  currentChannel({ configured, deliveryOf, partner, channels: testChannelParts(), log });

test("follows what is configured, whoever tells it or not", async () => {
  let configured = configuredWith("http://127.0.0.1:1/a");
  const channel = follow(() => configured);
  const before = await channel.get();
  assert.is(await channel.get(), before);
  configured = configuredWith("http://127.0.0.1:1/b");
  assert.is.not(await channel.get(), before);
  await channel.close();
});

test("stays the same when only the partner's standing changes", async () => {
  let configured = configuredWith("http://127.0.0.1:1/a");
  const channel = follow(() => configured);
  const before = await channel.get();
  configured = { ...configured, standing: "paused" };
  assert.is(await channel.get(), before);
  await channel.close();
});

test("is not there while its secrets can't be opened, and is soon after they can", async () => {
  let isThere = false;
  let tries = 0;
  const configured = configuredWith("http://127.0.0.1:1/a");
  const channel = follow(
    () => configured,
    async (partner) => {
      tries += 1;
      if (!isThere) throw new Error("no database");
      return opened(partner);
    },
  );
  assert.is(channel.restMs(), 0);
  for (const _ of [1, 2]) {
    const refused = await channel.get().catch((error: Error) => error.message);
    assert.is(refused, "no database");
  }
  assert.is(tries, 1, "not tried again at once");
  assert.ok(channel.restMs() > 0 && channel.restMs() <= 500);
  isThere = true;
  const open = await until("it is there", () => channel.get().catch(() => undefined));
  assert.is(await channel.get(), open);
  assert.is(channel.restMs(), 0);
  await channel.close();
});

test("is not tried again where its configuration can't be used, until there is another one", async () => {
  let configured = configuredWith("http://127.0.0.1:1/a", { headers: { "x-note": "a\nb" } });
  const channel = follow(() => configured);
  assert.ok((await channel.get().catch((error: unknown) => error)) instanceof Error);
  assert.is(channel.restMs(), Number.POSITIVE_INFINITY);
  configured = { ...configured, config: { ...configured.config }, delivery: undefined };
  assert.is(channel.restMs(), 0);
  assert.ok((await channel.get().catch((error: unknown) => error)) instanceof Error);
  configured = configuredWith("http://127.0.0.1:1/a");
  await channel.get();
  await channel.close();
});

test.run();
