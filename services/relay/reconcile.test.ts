import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId, SubmissionId } from "#domain/ids.ts";
import { submissionStream } from "#domain/submission/events.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { BusError, type BusFailure } from "#platform/bus/bus-error.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { newUuid } from "#platform/ids.ts";
import { createLog } from "#platform/log.ts";
import type { Unfinished } from "#projections/unfinished/query.ts";
import { createReconciler } from "./reconcile.ts";

const reconciler = suite("reconciler");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const NOW = new Date("2026-01-02T00:00:00Z");
const since = new Date("2026-01-01T00:00:00Z");

const waiting = (position: bigint): Unfinished => {
  const submission_id = SubmissionId.parse(newUuid());
  const stream = submissionStream(submission_id);
  const partner = PartnerId.parse("edu");
  return { ...{ submission_id, stream, revision: 1n, position, since }, mailbox: "partner", partner };
};

/** Nothing is in a mailbox, and one of three events can't be published. */
function threeForgotten(reason: BusFailure) {
  const all = [waiting(1n), waiting(2n), waiting(3n)];
  const tried: string[] = [];
  const bus: Partial<Bus> = {
    firstSeq: async () => 1,
    messageAt: async () => undefined,
    consumerState: async () => undefined,
    async publish(_subject, message) {
      const { stream } = JSON.parse(Buffer.from(message).toString()) as { readonly stream: string };
      tried.push(stream);
      if (stream === all[0]?.stream) throw new BusError(reason, "not published");
      return { seq: tried.length, duplicate: false };
    },
  };
  const eventStore: Partial<EventStore> = {
    readStream: async (stream) => [
      {
        ...{ id: newUuid(), stream, revision: 1n, position: 1n, type: "SubmissionRouted", version: 1 },
        ...{ data: {}, metadata: { schema: 1, at: since.toISOString() }, created: since },
      },
    ],
  };
  const { round } = createReconciler({
    bus: bus as Bus,
    eventStore: eventStore as EventStore,
    unfinished: { list: async () => all, checkpoint: async () => 3n },
    partitions: 1,
    signature: { header: "Signature", sign: () => "", isSigned: () => true },
    log,
    stored: () => 3n,
  });
  return { all: all.map(({ stream }) => stream), tried, round };
}

reconciler("publishes what stands behind an event that can't be published", async () => {
  const { all, tried, round } = threeForgotten("rejected");
  assert.is(await round(NOW), 2);
  assert.equal(tried, all);
  assert.is(await round(new Date(NOW.getTime() + 5_000)), 0, "which has to wait before it is tried again");
  assert.equal(tried, all);
});

reconciler("ends its round where nothing can be published", async () => {
  const { all, tried, round } = threeForgotten("disconnected");
  const failed = await round(NOW).catch((error: unknown) => error);
  assert.instance(failed, BusError);
  assert.equal(tried, all.slice(0, 1));
});

reconciler.run();
