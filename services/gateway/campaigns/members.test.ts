import { Readable } from "node:stream";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CampaignId } from "#domain/ids.ts";
import { Refused } from "../refusal.ts";
import { type UploadParts, uploadMembers } from "./members.ts";

const test = suite("members as lines");

const untouched = new Proxy({}, { get: () => assert.unreachable("nobody is added") });
/** Whoever is told to add somebody fails. */
const parts: UploadParts = {
  vault: untouched as UploadParts["vault"],
  owner: () => Promise.reject(new Error("nobody is added")),
  by: "ann",
};

function* repeated(line: string, times: number): Generator<Buffer> {
  const bytes = Buffer.from(`${line}\n`);
  for (let n = 0; n < times; n += 1) yield bytes;
}
const upload = (line: string, times: number) =>
  uploadMembers(CampaignId.parse("spring"), Readable.from(repeated(line, times)), parts);

test("each line that can't be taken is told, however many there are", async () => {
  const { added, invalid } = await upload("{}", 30_000);
  assert.is(added, 0);
  assert.equal(
    invalid.map(({ line }) => line),
    Array.from({ length: 30_000 }, (_, at) => at + 1),
  );
});

test("lines count whatever is in them, those that are too long as well", async () => {
  const refused = await upload("x".repeat(16_400), 100_001).catch((error: unknown) => error);
  assert.instance(refused, Refused);
  assert.is((refused as Refused).refusal.reason, "too_large");
});

test.run();
