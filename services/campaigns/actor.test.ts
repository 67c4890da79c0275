import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ConfiguredCampaign, campaignConfiguration } from "#domain/campaign/configured.ts";
import { CampaignDefinition } from "#domain/campaign/definition.ts";
import { type CampaignEvent, campaignEvents, campaignStream } from "#domain/campaign/events.ts";
import { CampaignId, MemberId } from "#domain/ids.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { NewEvent, StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { createMetrics } from "#platform/metrics.ts";
import { until } from "../../test/harness/wait.ts";
import { signature, vault } from "../../test/simulation/parts.ts";
import { type CampaignActorOptions, startCampaignActor } from "./actor.ts";

const test = suite("the owner of a campaign");
const campaign = CampaignId.parse("spring");
const stream = campaignStream(campaign);
const codec = createCodec(campaignEvents);
const sealed = { key: "k", iv: "", tag: "", data: "{}" };
const at = new Date().toISOString();
const encode = (event: CampaignEvent): NewEvent => codec.encode(event, { id: newUuid(), at });

function configuredAs(standing: ConfiguredCampaign["standing"]): ConfiguredCampaign {
  const steps = [{ id: "over", type: "end" }];
  const definition = CampaignDefinition.parse({ name: "Spring", steps });
  const defined = { type: "CampaignDefined", data: { campaign, version: 1, definition } } as const;
  const configured = campaignConfiguration.evolve(campaignConfiguration.initial, defined).get(campaign);
  assert.ok(configured);
  return { ...configured, standing };
}

/** One stream in memory, whose next append fails when it is told so. */
function storeWith(...events: CampaignEvent[]) {
  const stored: StoredEvent[] = [];
  let isFailing = false;
  const add = (one: NewEvent): void => {
    const revision = BigInt(stored.length);
    const version = one.metadata.schema;
    stored.push({ ...one, stream, revision, version, position: revision + 1n, created: new Date() });
  };
  for (const event of events) add(encode(event));
  const eventStore = {
    readStreamBackwards: async () => stored.slice(-1),
    async *streamEvents(_stream: string, from = 0n) {
      yield* stored.slice(Number(from));
    },
    async append(_stream: string, _expected: unknown, added: readonly NewEvent[]) {
      if (isFailing) {
        isFailing = false;
        throw new Error("it is not stored");
      }
      for (const one of added) add(one);
      return { revision: BigInt(stored.length - 1), position: BigInt(stored.length) };
    },
  };
  return {
    eventStore,
    types: () => stored.map(({ type }) => type),
    appendedByAnother: (event: CampaignEvent) => add(encode(event)),
    failOnce: () => {
      isFailing = true;
    },
  };
}

async function own(
  store: ReturnType<typeof storeWith>,
  configured: () => ConfiguredCampaign,
  onLoaded: () => void = () => undefined,
) {
  const mailbox = { name: "m", unanswered: 0, close: async () => undefined };
  return startCampaignActor({
    campaign,
    configured,
    services: () => new Map(),
    partners: () => new Map(),
    lease: { name: campaign, valid: true, lost: new AbortController().signal },
    yard: { eventStore: () => store.eventStore, metrics: createMetrics(), log: pino({ level: "silent" }) },
    bus: { mailbox: async () => mailbox },
    vault,
    signature,
    analysis: {},
    snapshots: {
      newest: async () => undefined,
      isDue: () => false,
      consider: () => undefined,
      written: async () => undefined,
    },
    onLoaded,
  } as unknown as CampaignActorOptions);
}

const member = { member_id: MemberId.parse(newUuid()), sealed };
const added: CampaignEvent = { type: "MembersAdded", data: { campaign, members: [member], at } };

test("what people decided is stored, also where it could not be at first", async () => {
  const store = storeWith(added);
  let configured = configuredAs("paused");
  const actor = await own(store, () => configured);
  await until("it is loaded", () => actor.writer.state?.members.size === 1);
  store.failOnce();
  configured = configuredAs("cancelled");
  actor.refresh();
  await until("the members are cancelled", () => store.types().includes("MembersCancelled"), 5_000);
  await actor.close();
});

test("members who could not begin because another owner had appended something begin all the same", async () => {
  const store = storeWith(added);
  let configured = configuredAs("paused");
  const actor = await own(store, () => configured);
  await until("it is loaded", () => actor.writer.state?.members.size === 1);
  store.failOnce();
  configured = configuredAs("running");
  actor.refresh();
  await until("the member is done", () => store.types().includes("MemberDone"), 5_000);
  await actor.close();
});

test("an import that another owner began at last is known, though nobody says so", async () => {
  const store = storeWith(added);
  const seen: (string | undefined)[] = [];
  const actor = await own(
    store,
    () => configuredAs("paused"),
    () => seen.push(actor?.writer.state?.import?.state),
  );
  await until("it is loaded", () => actor.writer.state !== undefined);
  store.appendedByAnother({ type: "ImportStarted", data: { campaign, import_id: newUuid(), sealed } });
  await until("it is told of", () => seen.includes("running"), 10_000);
  await actor.close();
});

test.run();
