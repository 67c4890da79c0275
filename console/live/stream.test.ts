import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventOf } from "./stream.ts";

const test = suite("events of the stream");

test("an event has its topic, its place and its data", () => {
  assert.equal(eventOf('id: 12-0\nevent: lead\ndata: {"id":"a","status":"delivered"}'), {
    topic: "lead",
    id: "12-0",
    data: { id: "a", status: "delivered" },
  });
});

test("a line may end as on any system, and data may have several", () => {
  assert.equal(eventOf('event: rules\r\ndata: {"version":\r\ndata: 3}'), {
    topic: "rules",
    id: "",
    data: { version: 3 },
  });
});

test("a comment is no event, and data that can't be read still says that something happened", () => {
  assert.is(eventOf(": still here"), undefined);
  assert.is(eventOf("retry: 500"), undefined);
  assert.equal(eventOf("event: partner\ndata: {"), { topic: "partner", id: "", data: {} });
});

test.run();
