import { suite } from "uvu";
import * as assert from "uvu/assert";
import { z } from "zod";
import type { Mail } from "../bus/mail.ts";
import { createLog } from "../log.ts";
import { createCodec } from "./codec.ts";
import { packEvent, readEventMail } from "./event-mail.ts";
import type { StoredEvent } from "./stored-event.ts";

const test = suite("mail with events");
const silent = createLog({ level: "silent", name: "test", instance: "test" });
const codec = createCodec({
  Counted: { version: 2, schema: z.object({ n: z.number() }), upcasts: { 1: (data) => data } },
});

const stored = (more: Partial<StoredEvent> = {}): StoredEvent => ({
  id: "6b1f0a52-1111-8000-8000-000000000001",
  stream: "counting",
  revision: 3n,
  position: 12n,
  type: "Counted",
  version: 2,
  data: { n: 1 },
  metadata: { schema: 2, at: "2026-01-01T00:00:00.000Z", trace: "t" },
  created: new Date("2026-01-01T00:00:00.000Z"),
  ...more,
});

function mailWith(data: Uint8Array) {
  const answers: string[] = [];
  const mail: Mail = {
    subject: "yard.lead.0.Counted",
    data,
    headers: undefined,
    seq: 1,
    deliveries: 1,
    storedAt: 0,
    ack: () => void answers.push("ack"),
    nak: (delayMs) => void answers.push(`nak ${delayMs}`),
    working: () => void answers.push("working"),
    term: () => void answers.push("term"),
  };
  return { answers, read: () => readEventMail(mail, codec, silent) };
}

test("gives the event and where it stands, and leaves the answer to the reader", () => {
  const { answers, read } = mailWith(packEvent(stored()));
  const found = read();
  assert.equal(found?.event, { type: "Counted", data: { n: 1 } });
  assert.equal(found?.stored, stored());
  assert.equal(answers, []);
});

test("parks what another release may read", () => {
  for (const event of [stored({ type: "Measured" }), stored({ version: 3 })]) {
    const { answers, read } = mailWith(packEvent(event));
    assert.is(read(), undefined);
    assert.equal(answers, ["nak 60000"]);
  }
});

test("discards what is no event", () => {
  for (const text of ["", "no JSON", "{}", '{"id":"x","type":"Counted"}']) {
    const { answers, read } = mailWith(Buffer.from(text));
    assert.is(read(), undefined);
    assert.equal(answers, ["term"]);
  }
});

test("leaves an event whose data no schema fits to the reader", () => {
  const { answers, read } = mailWith(packEvent(stored({ data: { n: "one" } })));
  const found = read();
  assert.is(found?.event, undefined);
  assert.equal(found?.stored.data, { n: "one" });
  assert.equal(answers, []);
});

test.run();
