// What is published over a server that takes less in a message than others do.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectBus } from "#platform/bus/bus.ts";
import { factSubject } from "#platform/bus/subjects.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { createLifecycle } from "#platform/lifecycle.ts";
import { createLog } from "#platform/log.ts";
import { startNats } from "../../test/harness/nats.ts";
import { publishEvents } from "./publish.ts";

const test = suite("publishing");
const log = createLog({ level: "silent", name: "test", instance: "test" });

const lifecycle = createLifecycle({ log, deadlineMs: 5_000 });
test.after(async () => void (await lifecycle.stop("end of the test")));

test("passes over an event that this server takes no message for", async () => {
  const nats = await startNats({ config: "max_payload: 65536" });
  lifecycle.own("NATS", nats.stop);
  const bus = await connectBus({ url: nats.url, name: "test", log, lifecycle });
  const event = (position: bigint, bytes: number): StoredEvent => ({
    id: newUuid(),
    stream: "other-1",
    revision: position,
    position,
    type: "Noted",
    version: 1,
    data: { text: "x".repeat(bytes) },
    metadata: { schema: 1, at: "2026-01-01T00:00:00.000Z" },
    created: new Date(0),
  });
  const seqs = await publishEvents([event(1n, 10), event(2n, 100_000), event(3n, 10)], 0n, {
    ...{ bus, log, partitions: 1, publishFacts: true },
    signature: { header: "Signature", sign: () => "", isSigned: () => true },
  });
  assert.is(seqs.length, 2);
  assert.is((await bus.lastMessage())?.subject, factSubject("other", "Noted"));
});

test.run();
