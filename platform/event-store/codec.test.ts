import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { z } from "zod";
import { createCodec, type EventOf, UnreadableEvent, UnwritableEvent } from "./codec.ts";
import type { RawEvent } from "./stored-event.ts";

const definitions = {
  OrderPlaced: {
    version: 3,
    schema: z.object({ items: z.array(z.string()), cents: z.number().int() }),
    upcasts: {
      1: (data: unknown) => {
        const old = z.object({ item: z.string(), price: z.string() }).parse(data);
        return { item: old.item, cents: Math.round(Number(old.price) * 100) };
      },
      2: (data: unknown) => {
        const { item, cents } = z.object({ item: z.string(), cents: z.number() }).parse(data);
        return { items: [item], cents };
      },
    },
  },
  OrderPaid: { version: 1, schema: z.object({ card: z.string() }) },
} as const;

const codec = createCodec(definitions);
const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"));
const raw = (type: string, version: number, data: unknown): RawEvent => ({
  stream: "order-1",
  revision: 7n,
  type,
  version,
  data,
});

const codecs = suite("codec");

codecs("writes the version of today beside the data", () => {
  const event = codec.encode(
    { type: "OrderPlaced", data: { items: ["x"], cents: 1 } },
    { id: "i", at: "t", trace: "r" },
  );
  assert.equal(event, {
    id: "i",
    type: "OrderPlaced",
    data: { items: ["x"], cents: 1 },
    metadata: { schema: 3, at: "t", trace: "r" },
  });
});

codecs("refuses to write what could not be read again", () => {
  const wrong: EventOf<typeof definitions> = { type: "OrderPlaced", data: { items: ["x"], cents: 0.5 } };
  assert.throws(
    () => codec.encode(wrong, { id: "i", at: "t" }),
    (error: unknown) => error instanceof UnwritableEvent,
  );
});

for (const version of [1, 2]) {
  codecs(`reads the kept event of version ${version} as one of today`, () => {
    assert.equal(codec.decode(raw("OrderPlaced", version, fixture(`order-placed.v${version}`))), {
      known: true,
      event: { type: "OrderPlaced", data: { items: ["waggon"], cents: 1250 } },
    });
  });
}

codecs("says that a type is unknown instead of failing", () => {
  assert.equal(codec.decode(raw("OrderEaten", 1, {})), { known: false, type: "OrderEaten" });
});

codecs("names the place of an event that can't be read, never its data", () => {
  const unreadable: [RawEvent, string][] = [
    [raw("OrderPaid", 1, { card: { number: "4111 hush" } }), "card"],
    [raw("OrderPlaced", 1, { item: "hush" }), ""],
    [raw("OrderPaid", 2, { card: "hush" }), ""],
  ];
  for (const [event, path] of unreadable) {
    assert.throws(
      () => codec.decode(event),
      (error: unknown) =>
        error instanceof UnreadableEvent &&
        error.message.includes("order-1@7") &&
        error.path === path &&
        !`${error.stack}${error.message}`.includes("hush"),
    );
  }
});

codecs("notices a forgotten upcast at the start, not at the first old event", () => {
  assert.throws(
    () => createCodec({ Lonely: { version: 2, schema: z.object({}) } }),
    /no upcast from version 1/,
  );
});

codecs("knows the type of what it decoded", () => {
  const describe = (event: EventOf<typeof definitions>): string => {
    switch (event.type) {
      case "OrderPlaced":
        return event.data.items.join();
      case "OrderPaid":
        return event.data.card;
    }
  };
  assert.is(describe({ type: "OrderPaid", data: { card: "visa" } }), "visa");
});

codecs.run();
