import { createRequire } from "node:module";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeQuickly } from "./quick-bytes.ts";

const test = suite("quick bytes");
const require = createRequire(import.meta.url);
const { BatchAppendReq } =
  require("@eventstore/db-client/generated/streams_pb.js") as typeof import("@eventstore/db-client/generated/streams_pb.js");

function onTheWire(data: Buffer | string, metadata: Buffer | string): string {
  const message = new BatchAppendReq.ProposedMessage();
  message.setData(typeof data === "string" ? data : new Uint8Array(data));
  message.setCustomMetadata(typeof metadata === "string" ? metadata : new Uint8Array(metadata));
  const once = Buffer.from(message.serializeBinary()).toString("hex");
  assert.is(Buffer.from(message.serializeBinary()).toString("hex"), once);
  return once;
}

const data = Buffer.from(JSON.stringify({ name: "Zoë", text: "x".repeat(1_000), odd: "\u0000\u{1F600}" }));
const cases = ["", "a", "ab", "abc"].map((more) => Buffer.concat([data, Buffer.from(more)]));

test("what goes over the wire is what the client would have sent", () => {
  const before = cases.map((one) => onTheWire(one.toString("base64"), one.toString("base64")));
  const bytesBefore = cases.map((one) => onTheWire(one, one));
  decodeQuickly();
  assert.equal(
    cases.map((one) => onTheWire(one.toString("base64"), one.toString("base64"))),
    before,
  );
  assert.equal(
    cases.map((one) => onTheWire(one, one)),
    bytesBefore,
  );
  assert.equal(before, bytesBefore);
});

test.run();
