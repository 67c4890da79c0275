// Random commands, sent to the server through the real client and to a reference model: their results must be equal.
import { randomUUID } from "node:crypto";
import {
  jsonEvent,
  NO_STREAM,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from "@eventstore/db-client";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collect, connect } from "./client.ts";
import { type Expectation, type Outcome, type Reading, ReferenceModel } from "./reference-model.ts";
import { startEventStore, temporaryFolder } from "./server.ts";

const dir = temporaryFolder();
let server = await startEventStore({ dir });
let client = connect(server);

const expectation: fc.Arbitrary<Expectation> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Expectation>("any", "no_stream", "stream_exists") },
  { weight: 3, arbitrary: fc.bigInt(0n, 8n) },
);
/** The client cannot expect of a deletion that the stream exists. */
const removable = fc.oneof(fc.constantFrom("any" as const, "no_stream" as const), fc.bigInt(0n, 8n));
const stream = fc.constantFrom("a", "b", "c");
// From a small pool, so that appends repeat each other wholly and in part.
const indexes: fc.Arbitrary<number[]> = fc.oneof(
  fc.uniqueArray(fc.nat({ max: 8 }), { minLength: 1, maxLength: 3 }),
  fc.constantFrom<number[]>([0, 1], [1, 2], [0, 1, 2], [3]),
  fc.uniqueArray(fc.integer({ min: 100, max: 1_000 }), { minLength: 1, maxLength: 4 }),
);
const command = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      stream,
      expected: expectation,
      ids: indexes,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("delete" as const), stream, expected: removable }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("tombstone" as const), stream, expected: removable }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("metadata" as const),
      stream,
      settings: fc.record(
        { maxCount: fc.integer({ min: 1, max: 4 }), truncateBefore: fc.integer({ min: 1, max: 6 }) },
        { requiredKeys: [] },
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      stream,
      direction: fc.constantFrom("forwards" as const, "backwards" as const),
      from: fc.oneof(fc.constantFrom("start" as const, "end" as const), fc.bigInt(0n, 9n)),
      count: fc.integer({ min: 1, max: 10 }),
    }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer One> ? One : never;

async function outcomeOf(call: () => Promise<{ nextExpectedRevision?: bigint }>): Promise<Outcome> {
  try {
    const { nextExpectedRevision = 0n } = await call();
    return { outcome: "done", revision: nextExpectedRevision };
  } catch (error) {
    if (error instanceof StreamDeletedError) return { outcome: "deleted" };
    if (!(error instanceof WrongExpectedVersionError)) throw error;
    // Delete and tombstone send it in trailers, where no stream is a number.
    const { actualVersion } = error;
    return { outcome: "wrong", actual: actualVersion === -1n ? NO_STREAM : actualVersion };
  }
}

async function reading(
  name: string,
  direction: "forwards" | "backwards",
  from: bigint | "start" | "end",
  count: number,
): Promise<Reading> {
  try {
    const events = await collect(client.readStream(name, { direction, fromRevision: from, maxCount: count }));
    return { outcome: "read", ids: events.map(({ event }) => event?.id ?? "") };
  } catch (error) {
    if (error instanceof StreamNotFoundError) return { outcome: "missing" };
    if (error instanceof StreamDeletedError) return { outcome: "deleted" };
    throw error;
  }
}

class History {
  readonly model = new ReferenceModel();
  readonly #name = randomUUID();
  readonly #ids = new Map<string, string>();

  name(stream: string): string {
    return `${this.#name}-${stream}`;
  }

  #id(stream: string, index: number): string {
    const key = `${stream}${index}`;
    const id = this.#ids.get(key) ?? randomUUID();
    this.#ids.set(key, id);
    return id;
  }

  async apply(command: Command): Promise<void> {
    const name = this.name(command.stream);
    switch (command.kind) {
      case "append": {
        const ids = command.ids.map((index) => this.#id(command.stream, index));
        const events = ids.map((id) => jsonEvent({ id, type: "Tested", data: { id } }));
        const expectedRevision = command.expected;
        const actual = await outcomeOf(() => client.appendToStream(name, events, { expectedRevision }));
        return assert.equal(actual, this.model.append(name, command.expected, ids));
      }
      case "delete":
      case "tombstone": {
        const expectedRevision = command.expected;
        const soft = command.kind === "delete";
        const actual = await outcomeOf(async () => {
          const call = soft ? client.deleteStream : client.tombstoneStream;
          await call.call(client, name, { expectedRevision });
          return {};
        });
        const { model } = this;
        const { expected } = command;
        return assert.equal(
          actual,
          soft ? model.softDelete(name, expected) : model.tombstone(name, expected),
        );
      }
      case "metadata": {
        const actual = await outcomeOf(() => client.setStreamMetadata(name, command.settings));
        return assert.equal(actual, this.model.setMetadata(name, command.settings));
      }
      case "read": {
        const { direction, from, count } = command;
        const actual = await reading(name, direction, from, count);
        return assert.equal(actual, this.model.read(name, direction, from, count));
      }
    }
  }

  async compare(): Promise<void> {
    for (const stream of ["a", "b", "c"].map((one) => this.name(one)))
      for (const direction of ["forwards", "backwards"] as const) {
        const from = direction === "forwards" ? "start" : "end";
        const actual = await reading(stream, direction, from, 1_000);
        assert.equal(actual, this.model.read(stream, direction, from, 1_000));
      }
    const all = await collect(client.readAll());
    const ours = all.map(({ event }) => event?.streamId ?? "").filter((name) => name.includes(this.#name));
    assert.equal(ours, this.model.all);
    const positions = all.map(({ event }) => event?.position.commit ?? 0n);
    assert.equal(
      positions,
      positions.toSorted((a, b) => Number(a - b)),
    );
  }
}

const test = suite("server and reference model");
test.after(async () => {
  await client.dispose();
  await server.stop();
});

test("have equal results after every history", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), async (commands) => {
      const history = new History();
      for (const command of commands) await history.apply(command);
      await history.compare();
    }),
    { numRuns: 40, includeErrorInReport: true, interruptAfterTimeLimit: 120_000 },
  );
});

test("have equal results after histories that kill -9 interrupts", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(command, { minLength: 3, maxLength: 20 }), { minLength: 2, maxLength: 3 }),
      async (lives) => {
        const history = new History();
        for (const commands of lives) {
          for (const command of commands) await history.apply(command);
          await client.dispose();
          await server.kill();
          server = await startEventStore({ dir });
          client = connect(server);
          await history.compare();
        }
      },
    ),
    { numRuns: 3, includeErrorInReport: true, interruptAfterTimeLimit: 120_000 },
  );
});

test.run();
