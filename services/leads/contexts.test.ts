import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ContextKind, contextStream } from "#domain/context/context.ts";
import type { FollowOptions } from "#platform/event-store/follow.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { openContexts } from "./contexts.ts";

const test = suite("context objects at hand");
const order = ContextKind.parse("order");
const streamOf = (id: string): string => contextStream(order, `#${id}`);

/** A log in memory, whose tail runs only when it is told to, and a vault that seals nothing. */
async function opened(maxBytes?: number) {
  const log: StoredEvent[] = [];
  const reads: string[] = [];
  let follow: FollowOptions | undefined;
  const contexts = await openContexts({
    eventStore: {
      head: async () => 0n,
      follow(options) {
        follow = options;
        return {} as never;
      },
      async readStreamBackwards(stream) {
        reads.push(stream);
        return log.filter((one) => one.stream === stream).slice(-1);
      },
    },
    vault: {
      openReadable: async (items) => items.map(({ sealed }) => JSON.parse(sealed.data)),
      fingerprint: (_domain, value) => `#${value}`,
    },
    signal: new AbortController().signal,
    ...(maxBytes !== undefined && { maxBytes }),
  });
  return {
    reads,
    put(id: string, fields: object): StoredEvent {
      const stream = streamOf(id);
      const revision = BigInt(log.filter((one) => one.stream === stream).length);
      const sealed = { key: "k", iv: "i", tag: "t", data: JSON.stringify({ id, fields }) };
      const data = { kind: "order", generation: 0, source: null, sealed };
      const stored = {
        stream,
        revision,
        position: BigInt(log.length + 1),
        type: "ContextPut",
        version: 1,
        data,
      } as unknown as StoredEvent;
      log.push(stored);
      return stored;
    },
    follow: (events: StoredEvent[], position = BigInt(log.length)) => follow?.onEvents(events, position),
    async see(id: string, position: bigint) {
      const [seen] = await contexts.lookUp([{ reference: { kind: order, id }, position }]);
      return seen;
    },
  };
}

test("are not read again while the log was followed beyond the submission", async () => {
  const { put, follow, see, reads } = await opened();
  await follow([put("a", { total: 1 })]);
  assert.equal(await see("a", 1n), { fields: { total: 1 }, version: "0" });
  assert.is(await see("none", 1n), undefined);
  assert.is(await see("none", 1n), undefined);
  assert.equal(reads, [streamOf("none")], "that there is none is known as well");
});

test("are read where the log was not followed so far, and what is newer stays", async () => {
  const { put, follow, see, reads } = await opened();
  const first = put("a", { total: 1 });
  await follow([first]);
  put("a", { total: 2 });
  assert.equal(await see("a", 2n), { fields: { total: 2 }, version: "1" });
  assert.equal(reads, [streamOf("a")]);
  // The tail brings what is older than what was read.
  await follow([first]);
  assert.equal(await see("a", 2n), { fields: { total: 2 }, version: "1" });
});

test("take no more memory than they may", async () => {
  const { put, follow, see, reads } = await opened(20_000);
  const all = Array.from({ length: 200 }, (_, n) => put(`${n}`, { n }));
  await follow(all);
  await see("199", 200n);
  assert.equal(reads, []);
  assert.equal(await see("0", 200n), { fields: { n: 0 }, version: "0" });
  assert.equal(reads, [streamOf("0")]);
});

test.run();
