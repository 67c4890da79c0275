import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RequestId } from "#domain/dead-letter/request.ts";
import { CampaignId, MemberId } from "#domain/ids.ts";
import { BusError } from "#platform/bus/bus-error.ts";
import { campaignRequestSubject } from "#platform/bus/subjects.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { newUuid } from "#platform/ids.ts";
import { createLog } from "#platform/log.ts";
import type { DeadLetterRow } from "#projections/dead-letters/moving.ts";
import { until } from "../../test/harness/wait.ts";
import { moveDeadLettersWhile } from "./move-dead-letters.ts";

const moving = suite("moving dead letters");
const log = createLog({ level: "silent", name: "test", instance: "test" });

const died = (campaign: string, position: bigint): DeadLetterRow => ({
  ...{ id: MemberId.parse(newUuid()), stage: "campaign", campaign: CampaignId.parse(campaign), added: null },
  ...{ partner: null, reason: "http_503", cause: null, shown_cause: "http_503", attempts: 1 },
  ...{ at: new Date(), position, revision: 0n, in_doubt: false, chosen_by: null },
});

moving("goes on behind those whose owner is away, and comes back for them", async () => {
  const request = {
    id: RequestId.parse(newUuid()),
    action: "redrive",
    reason: null,
    asked_by: null,
  } as const;
  // More than are moved at once, and in all more than are read at once.
  const first = Array.from({ length: 20 }, (_, n) => died("away", BigInt(n + 1)));
  const others = Array.from({ length: 120 }, (_, n) => died("there", BigInt(n + 21)));
  const left = new Map([...first, ...others].map((letter) => [letter.id, letter]));
  let isAway = true;
  let carriedOut = false;
  const eventStore: Partial<EventStore> = {
    async *streamEvents() {
      carriedOut = true;
      yield* [];
    },
  };
  const stop = new AbortController();
  const done = moveDeadLettersWhile(
    {
      letters: {
        requests: async () => (carriedOut ? [] : [request]),
        leftOf: async (_, { after, limit }) =>
          [...left.values()].filter(({ position }) => position > after).slice(0, limit),
      },
      eventStore: eventStore as EventStore,
      bus: {
        async request(subject, payload) {
          if (isAway && subject === campaignRequestSubject("away"))
            throw new BusError("no_responders", "nobody");
          const { member_id } = JSON.parse(Buffer.from(payload).toString()) as { readonly member_id: string };
          left.delete(member_id);
          return Buffer.from(JSON.stringify({ done: true }));
        },
      },
      log,
      perSecond: 10_000,
    },
    stop.signal,
  );
  await until("all others are moved", () => left.size === first.length);
  assert.not(carriedOut, "while some are left that may be moved");
  isAway = false;
  await until("the request is carried out", () => carriedOut);
  assert.is(left.size, 0);
  stop.abort();
  await done;
});

moving.run();
