// What people decide about a campaign reaches its owner, whenever it comes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ConfiguredCampaigns, campaignConfiguration } from "#domain/campaign/configured.ts";
import { CampaignDefinition } from "#domain/campaign/definition.ts";
import { CampaignId } from "#domain/ids.ts";
import type { Lease, LeaseHolder, LeaseOptions } from "#platform/leases.ts";
import { type OwnedCampaign, ownCampaigns } from "./owners.ts";

const test = suite("the campaigns that a process owns");

const spring = CampaignId.parse("spring");
const definition = CampaignDefinition.parse({ name: "Spring", steps: [{ id: "over", type: "end" }] });
const lease: Lease = { name: spring, valid: true, lost: new AbortController().signal };

function configuredAs(...types: ("CampaignStarted" | "CampaignPaused")[]): ConfiguredCampaigns {
  const { initial, evolve } = campaignConfiguration;
  const data = { campaign: spring };
  const defined = evolve(initial, { type: "CampaignDefined", data: { ...data, version: 1, definition } });
  return types.reduce((campaigns, type) => evolve(campaigns, { type, data }), defined);
}

/** An owner that is opened when it is told to be, and acts on what it has last read of the configuration. */
function yardOf() {
  let current = configuredAs();
  const listeners = new Set<(value: ConfiguredCampaigns) => void>();
  const events: Pick<LeaseOptions, "onGained" | "onLost">[] = [];
  const opened = Promise.withResolvers<void>();
  const acted: (string | undefined)[] = [];
  let closed = 0;
  const holder: LeaseHolder = { held: new Map(), review: () => undefined, close: async () => undefined };
  const owners = ownCampaigns({
    campaigns: {
      current: () => current,
      onChange(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    hold(given) {
      events.push(given);
      return holder;
    },
    async own(campaign): Promise<OwnedCampaign> {
      const read = (): void => void acted.push(current.get(campaign)?.standing);
      read();
      await opened.promise;
      return {
        refresh: read,
        async close() {
          closed += 1;
        },
      };
    },
  });
  return {
    owners,
    acted,
    closed: () => closed,
    gain: () => events[0]?.onGained(spring, lease),
    lose: () => events[0]?.onLost(spring),
    open: opened.resolve,
    change(campaigns: ConfiguredCampaigns) {
      current = campaigns;
      for (const listener of listeners) listener(campaigns);
    },
  };
}

test("are told of a start that comes while they are opened", async () => {
  const { gain, open, change, acted } = yardOf();
  const gaining = gain();
  change(configuredAs("CampaignStarted"));
  open();
  await gaining;
  assert.is(acted[0], "draft");
  assert.is(acted.at(-1), "running");
});

test("are told of what comes later, until they are lost", async () => {
  const { gain, lose, open, change, acted, closed } = yardOf();
  open();
  await gain();
  change(configuredAs("CampaignStarted"));
  assert.is(acted.at(-1), "running");
  await lose();
  assert.is(closed(), 1);
  const before = acted.length;
  change(configuredAs("CampaignStarted", "CampaignPaused"));
  assert.is(acted.length, before);
});

test.run();
