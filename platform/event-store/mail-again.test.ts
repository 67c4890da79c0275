import { StreamDeletedError } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mailAgain } from "./mail-again.ts";
import type { StoredEvent } from "./stored-event.ts";

const test = suite("mailing events again");

test("passes over a deleted stream, and over nothing where the store fails", async () => {
  const failing = new Map<string, unknown>([
    ["deleted", Object.create(StreamDeletedError.prototype)],
    ["unknown", new Error("the connection broke")],
  ]);
  const published: string[] = [];
  const read = async (stream: string): Promise<StoredEvent[]> => {
    if (failing.has(stream)) throw failing.get(stream);
    return [{ id: stream, stream, data: {}, created: new Date(0) } as unknown as StoredEvent];
  };
  const parts = {
    eventStore: { readStream: read, readStreamBackwards: read },
    bus: {
      lastMessage: async () => undefined,
      async publish(subject: string) {
        published.push(subject);
        return { seq: published.length, duplicate: false };
      },
    },
  };
  const mail = (stream: string, revision?: bigint) => ({
    ...{ stream, revision, subject: stream, id: "due:1" },
    isWanted: () => true,
  });
  const all = [mail("first"), mail("deleted"), mail("deleted", 3n), mail("last")];
  assert.equal(await mailAgain(all, parts), [1, undefined, undefined, 2]);
  assert.equal(published, ["first", "last"]);
  const failed = mailAgain([mail("first"), mail("unknown")], parts);
  assert.match(await failed.then(() => "", String), /the connection broke/);
});

test.run();
