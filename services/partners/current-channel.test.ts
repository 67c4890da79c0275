import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerConfig } from "#domain/partner/config.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { createLog } from "#platform/log.ts";
import { type CurrentChannelOptions, currentChannel } from "./current-channel.ts";

const test = suite("the channel to a partner");
const log = createLog({ level: "silent", name: "test", instance: "test" });

const configuredWith = (url: string): ConfiguredPartner => ({
  config: PartnerConfig.parse({ name: "edu", delivery: { type: "http", url } }),
  standing: "active",
  sealed_secret: undefined,
});
const follow = (
  configured: () => ConfiguredPartner,
  secretOf: CurrentChannelOptions["secretOf"] = async () => undefined,
) => currentChannel({ configured, secretOf, allowPrivate: true, log });

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

test("is not there while its secret can't be opened, and is as soon as it can", async () => {
  let isThere = false;
  const configured = configuredWith("http://127.0.0.1:1/a");
  const channel = follow(
    () => configured,
    async () => {
      if (!isThere) throw new Error("no database");
      return undefined;
    },
  );
  for (const _ of [1, 2]) {
    const refused = await channel.get().catch((error: Error) => error.message);
    assert.is(refused, "no database");
  }
  isThere = true;
  const open = await channel.get();
  assert.is(await channel.get(), open);
  await channel.close();
});

test.run();
