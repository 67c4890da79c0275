import { suite } from "uvu";
import * as assert from "uvu/assert";
import { packEvent, unpackEvent } from "./event-mail.ts";
import { type Given, recorded } from "./fixtures/recorded.ts";
import type { StoredEvent } from "./stored-event.ts";

const mails = suite("event mail");

const AT = "2026-01-01T00:00:00.000Z";
/** As a mailbox may still hold it from before events were packed without being parsed. */
const OLD_MAIL = `{"id":"6a1b3c1e-0000-4000-8000-000000000001","stream":"counted-1","type":"Counted","version":2,"data":{"n":5},
  "metadata":{"trace":"t","schema":2,"at":"${AT}"},"revision":"5","position":"5","created":"${AT}"}`;

const EVENT: StoredEvent = {
  id: "6a1b3c1e-0000-4000-8000-000000000001",
  stream: "counted-1",
  revision: 5n,
  position: 5n,
  type: "Counted",
  version: 2,
  data: { n: 5 },
  metadata: { schema: 2, at: AT, trace: "t" },
  created: new Date(AT),
};
const mailed = (given: Partial<Given>): StoredEvent =>
  unpackEvent(packEvent(recorded({ position: 5n, ...given })));

mails("opens what was packed before", () => {
  assert.equal(unpackEvent(Buffer.from(OLD_MAIL)), EVENT);
});

mails("opens what is packed today, from the store or from elsewhere", () => {
  assert.equal(mailed({}), EVENT);
  assert.equal(unpackEvent(packEvent(EVENT)), EVENT);
});

mails("packs the bytes of the store without parsing them", () => {
  const odd = '{ "n" : 5,\n "name": "Zoë \\u0000" }';
  assert.ok(Buffer.from(packEvent(recorded({ position: 5n, data: odd }))).includes(odd));
});

mails("packs metadata of somebody else as what it means to us", () => {
  assert.equal(mailed({ metadata: '{"more":1}' }).metadata, { schema: 1, at: AT });
  assert.equal(mailed({ metadata: "none" }).metadata, { schema: 1, at: AT });
});

mails("packs what is no JSON as what it is read as", () => {
  assert.is(mailed({ data: "" }).data, "");
  assert.equal(mailed({ data: "ab", contentType: "application/octet-stream" }).data, { 0: 97, 1: 98 });
  const event = recorded({ position: 5n, data: "{" });
  assert.is(event.data, "{");
  assert.is(unpackEvent(packEvent(event)).data, "{");
});

mails("lets no data pass for what we say about the event", () => {
  const { stream, position, metadata } = mailed({
    data: '{},"stream":"other-1","position":"9","metadata":{"schema":9,"at":"x"}',
  });
  assert.equal([stream, position, metadata.schema], ["counted-1", 5n, 2]);
  assert.throws(() => mailed({ data: '{}}{"stream":"other-1"' }));
});

mails.run();
