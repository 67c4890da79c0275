// A gateway that is killed in the middle of an upload: whatever it had stored of it, the list of before counts, and the upload can be made again.
import { createHash } from "node:crypto";
import * as assert from "uvu/assert";
import { SUPPRESSION_LIST_STREAM, SUPPRESSION_STREAM_PREFIX } from "#domain/suppression/list.ts";
import { ADMIN_TOKEN, startTestGateway, storedIn } from "../../../test/gateway/gateway.ts";
import { startGatewayProcess } from "../../../test/gateway/process.ts";
import { partsSuite } from "../../../test/gateway/suite.ts";
import { openSuppressions } from "../../leads/suppressions.ts";

const { test, parts, atEnd } = await partsSuite("an upload of suppressions that is cut off");
const observer = await startTestGateway(parts);
atEnd(() => observer.stop());

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const linesFor = (people: readonly string[]): string =>
  people.map((person) => JSON.stringify({ sha256: sha256(person) })).join("\n");
const NEW = Array.from({ length: 40_000 }, (_, n) => `new-${n}@example.com`);
const FIRST_NEW = NEW[0] ?? "";

async function call(url: string, method: string, body?: string) {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/x-ndjson" };
  const response = await fetch(`${url}/api/suppressions/stop`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
  return { status: response.status, body: (await response.json()) as { entries: number } };
}

/** As a router that starts now is told. */
async function isSuppressed(email: string): Promise<boolean | undefined> {
  const ending = new AbortController();
  const lookup = await openSuppressions({
    eventStore: observer.eventStore(),
    vault: await observer.vault(),
    signal: ending.signal,
  });
  ending.abort();
  return lookup.suppressed({ email }, Date.now())?.stop;
}

/** Nothing more is stored from the first piece of an upload on. */
async function freezeAtFirstPiece(): Promise<void> {
  const seen = Promise.withResolvers<void>();
  const ending = new AbortController();
  const following = observer.eventStore().follow({
    name: "test",
    prefixes: [SUPPRESSION_STREAM_PREFIX],
    from: await observer.eventStore().head(),
    signal: ending.signal,
    onEvents: async () => {
      parts.freeze();
      seen.resolve();
    },
  });
  await seen.promise;
  ending.abort();
  await following.done;
}

test("leaves the list of before in force, and can be made again", async () => {
  const first = await startGatewayProcess(parts);
  atEnd(() => first.kill());
  assert.is((await call(first.url, "PUT", linesFor(["old@example.com"]))).body.entries, 1);

  const frozen = freezeAtFirstPiece();
  const cutOff = call(first.url, "PUT", linesFor(NEW)).then(
    () => "answered",
    () => "cut off",
  );
  await frozen;
  await first.kill();
  parts.thaw();
  assert.is(await cutOff, "cut off");
  const pieces = (await storedIn(`${SUPPRESSION_STREAM_PREFIX}stop-`, observer)).length - 1;
  assert.ok(pieces >= 1 && pieces < 20, `${pieces} of 20 pieces were stored`);
  assert.is((await storedIn(SUPPRESSION_LIST_STREAM, observer)).length, 1);

  const second = await startGatewayProcess(parts);
  atEnd(() => second.kill());
  assert.is((await call(second.url, "GET")).body.entries, 1);
  assert.equal([await isSuppressed("old@example.com"), await isSuppressed(FIRST_NEW)], [true, false]);

  const again = await call(second.url, "PUT", linesFor(NEW));
  assert.equal([again.status, again.body.entries], [200, NEW.length]);
  assert.equal([await isSuppressed("old@example.com"), await isSuppressed(FIRST_NEW)], [false, true]);
});

test.run();
