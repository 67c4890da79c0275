// What people decide about a partner reaches its owner, whenever it comes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import { PartnerSettings } from "#domain/partner/config.ts";
import type { ConfiguredPartner, ConfiguredPartners } from "#domain/partner/configured.ts";
import type { Lease, LeaseHolder, LeaseOptions } from "#platform/leases.ts";
import { until } from "../../test/harness/wait.ts";
import type { Actor } from "./actor.ts";
import { ownPartners } from "./owners.ts";

const test = suite("the partners that a process owns");

const edu = PartnerId.parse("edu");
const configured: ConfiguredPartner = {
  version: 1,
  standing: "active",
  config: PartnerSettings.parse({ name: "Edu" }),
  delivery: undefined,
};
const lease: Lease = { name: edu, valid: true, lost: new AbortController().signal };

/** Actors are opened, and it is confirmed who is owed one, when the test says so. */
function processWith(standing: ConfiguredPartner["standing"]) {
  const of = (now: ConfiguredPartner["standing"]): ConfiguredPartners =>
    new Map([[edu, { ...configured, standing: now }]]);
  let current = of(standing);
  const listeners = new Set<(value: ConfiguredPartners) => void>();
  const events: Pick<LeaseOptions, "names" | "onGained" | "onLost">[] = [];
  const opened = Promise.withResolvers<void>();
  const confirmed = Promise.withResolvers<boolean>();
  const acted: ConfiguredPartner["standing"][] = [];
  const holder: LeaseHolder = { held: new Map(), review: () => undefined, close: async () => undefined };
  ownPartners({
    partners: {
      current: () => current,
      onChange(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    retirement: {
      isOwed: () => false,
      isRetired: () => true,
      confirmOwed: () => confirmed.promise,
      review: () => undefined,
    },
    async start(partner): Promise<Actor> {
      const read = (): void => {
        const now = current.get(partner);
        if (now !== undefined) acted.push(now.standing);
      };
      read();
      await opened.promise;
      return { refresh: read, close: async () => undefined };
    },
    hold(given) {
      events.push(given);
      return holder;
    },
  });
  const [leases] = events;
  assert.ok(leases);
  return {
    leases,
    acted,
    opened,
    confirmed,
    become(now: ConfiguredPartner["standing"]) {
      current = of(now);
      for (const listener of listeners) listener(current);
    },
  };
}

test("a change that comes while an actor is opened is acted on", async () => {
  const { leases, acted, opened, become } = processWith("paused");
  const gaining = leases.onGained(edu, lease);
  await until("it is being opened", () => acted.length === 1);
  become("active");
  opened.resolve();
  await gaining;
  assert.equal(acted, ["paused", "active"]);
});

test("a partner that is configured again while its end is confirmed is given back, and gained with an actor", async () => {
  const { leases, acted, opened, confirmed, become } = processWith("removed");
  opened.resolve();
  const gaining = leases.onGained(edu, lease);
  become("active");
  confirmed.resolve(false);
  await gaining;
  assert.equal([acted, leases.names()], [[], []], "the lease is kept and nobody works for the partner");
  await leases.onLost(edu);
  assert.equal(leases.names(), [edu]);
  await leases.onGained(edu, lease);
  assert.is(acted.at(-1), "active");
});

test.run();
