import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  ANY,
  EXISTS,
  event,
  events,
  ids,
  metadata,
  NO_STREAM,
  PAGE,
  revision,
  revisions,
  scratchLog,
  text,
} from "../../../test/eventstore/scratch-log.ts";
import type { Direction } from "./event-log.ts";
import { dataOf } from "./recorded-event.ts";

const DAY = 86_400_000;

let today = Date.UTC(2030, 0, 1);
const { log, ...scratch } = await scratchLog(() => today);

const readAll = (stream: string, direction: Direction = "forwards") =>
  log.readStream(stream, direction === "forwards" ? "start" : "end", direction, PAGE);

const test = suite("event log");
test.after(() => log.close());

test("an append resolves with the last revision and the position", async () => {
  const first = await log.append("orders", NO_STREAM, events(2));
  assert.equal(first, { outcome: "appended", revision: 1n, position: 2n });
  const second = await log.append("orders", revision(1), events(1));
  assert.equal(second, { outcome: "appended", revision: 2n, position: 3n });
  assert.is(log.head, 3n);
  assert.is(log.lastRevision("orders"), 2n);
});

test("a wrong expectation resolves with the revision that is there", async () => {
  const rejected = await log.append("orders", NO_STREAM, events(1));
  assert.equal(rejected, { outcome: "wrong_expected_version", actual: 2n });
  const missing = await log.append("nothing", EXISTS, events(1));
  assert.equal(missing, { outcome: "wrong_expected_version", actual: -1n });
});

test("an append of nothing changes nothing", async () => {
  const before = log.head;
  assert.equal(await log.append("orders", ANY, []), {
    outcome: "appended",
    revision: 2n,
    position: undefined,
  });
  assert.equal(await log.append("empty", NO_STREAM, []), {
    outcome: "appended",
    revision: -1n,
    position: undefined,
  });
  assert.is(log.head, before);
  assert.is(readAll("empty").outcome, "stream_not_found");
});

test("a repeated append resolves as the first did, also within the same commit", async () => {
  const two = events(2);
  const [first, again] = await Promise.all([
    log.append("repeated", NO_STREAM, two),
    log.append("repeated", NO_STREAM, two),
  ]);
  assert.equal(again, first);
  await log.append("repeated", ANY, events(1));
  assert.equal(await log.append("repeated", NO_STREAM, two), first);
  assert.equal(await log.append("repeated", ANY, two), first);
  assert.equal(revisions(readAll("repeated").events), [0, 1, 2]);
});

test("of writers that race for the same revision one wins", async () => {
  const racing = Array.from({ length: 20 }, () => log.append("raced", NO_STREAM, events(1)));
  const won = (await Promise.all(racing)).filter(({ outcome }) => outcome === "appended");
  assert.is(won.length, 1);
});

test("an append of more than a mebibyte is rejected, counting data, metadata and twice the type", async () => {
  const sized = (bytes: number) => [
    event("", { type: "1234567890", data: Buffer.alloc(bytes), customMetadata: Buffer.alloc(100) }),
  ];
  const limit = 1024 * 1024;
  assert.equal(await log.append("large", ANY, sized(limit - 119)), { outcome: "too_large", limit });
  assert.is((await log.append("large", ANY, sized(limit - 120))).outcome, "appended");
});

test("a stream is read in both directions, page by page", async () => {
  const written = events(5);
  await log.append("paged", NO_STREAM, written);
  const all = written.map(({ id }) => id);
  const page = log.readStream("paged", 1n, "forwards", { ...PAGE, maxCount: 2 });
  assert.equal([ids(page.events), page.next], [all.slice(1, 3), 3n]);
  assert.is(log.lastRevision("paged"), 4n);
  const back = log.readStream("paged", 1n, "backwards", PAGE);
  assert.equal([ids(back.events), back.next], [all.slice(0, 2).reverse(), undefined]);
  assert.equal(ids(readAll("paged", "backwards").events), all.toReversed());
  assert.equal(log.readStream("paged", 5n, "forwards", PAGE).events, []);
  const small = log.readStream("paged", "start", "forwards", { maxCount: 9, maxBytes: 1 });
  assert.equal([small.events.length, small.next], [1, 1n]);
});

test("names differ by every character, also by invisible ones", async () => {
  for (const name of ["n\0one", "n\0two", "ñ", "n\u0303", "N"])
    await log.append(name, NO_STREAM, [event(name)]);
  for (const name of ["n\0one", "n\0two", "ñ", "n\u0303", "N"])
    assert.equal(readAll(name).events.map(text), [name]);
});

test("a deleted stream is gone, and later events continue its revisions", async () => {
  await log.append("deleted", NO_STREAM, events(3));
  assert.is((await log.softDelete("deleted", revision(1))).outcome, "wrong_expected_version");
  assert.is((await log.softDelete("deleted", revision(2))).outcome, "deleted");
  assert.is(readAll("deleted").outcome, "stream_not_found");
  assert.is(log.lastRevision("deleted"), -1n);
  assert.equal(await log.append("deleted", EXISTS, events(1)), { outcome: "stream_tombstoned" });
  const anew = await log.append("deleted", NO_STREAM, events(2));
  assert.is(anew.outcome === "appended" && anew.revision, 4n);
  assert.equal(revisions(readAll("deleted").events), [3, 4]);
  assert.equal(revisions(readAll("deleted", "backwards").events), [4, 3]);
});

test("a stream that never existed cannot be deleted, one that has metadata can", async () => {
  assert.equal(await log.softDelete("never", ANY), { outcome: "wrong_expected_version", actual: -1n });
  await log.append("$$implied", ANY, [metadata({ owner: "ann" })]);
  assert.is((await log.softDelete("implied", NO_STREAM)).outcome, "deleted");
});

test("metadata that is written after a deletion is kept, and none of the old events is shown", async () => {
  await log.append("revived", NO_STREAM, events(2));
  await log.softDelete("revived", ANY);
  await log.append("$$revived", ANY, [metadata({ owner: "ann" })]);
  assert.equal([readAll("revived").outcome, readAll("revived").events], ["page", []]);
  const [latest] = readAll("$$revived").events;
  assert.equal(JSON.parse(dataOf(latest?.wire ?? Buffer.alloc(0)).toString()), { owner: "ann", $tb: 2 });
});

test("a tombstone is for ever, for the stream and for its metadata", async () => {
  await log.append("tombstoned", NO_STREAM, events(1));
  await log.append("$$tombstoned", ANY, [metadata({ owner: "ann" })]);
  const tombstoned = await log.tombstone("tombstoned", ANY);
  assert.equal(tombstoned, { outcome: "deleted", position: log.head });
  for (const stream of ["tombstoned", "$$tombstoned"]) {
    assert.is(readAll(stream).outcome, "stream_tombstoned");
    assert.equal(await log.append(stream, ANY, events(1)), { outcome: "stream_tombstoned" });
    assert.is(log.lastRevision(stream), -1n);
  }
  assert.equal(await log.softDelete("tombstoned", ANY), { outcome: "stream_tombstoned" });
  assert.equal(await log.tombstone("tombstoned", ANY), { outcome: "stream_tombstoned" });
  assert.is((await log.tombstone("never existed", NO_STREAM)).outcome, "deleted");
});

test("metadata limits what a stream shows, by count, revision and age", async () => {
  await log.append("limited", NO_STREAM, events(3));
  today += 2 * DAY;
  await log.append("limited", ANY, events(3));
  const shown = async (settings: object) => {
    await log.append("$$limited", ANY, [metadata(settings)]);
    assert.equal(readAll("limited", "backwards").events.toReversed(), readAll("limited").events);
    return revisions(readAll("limited").events);
  };
  assert.equal(await shown({ $maxCount: 2 }), [4, 5]);
  assert.equal(await shown({ $tb: 1 }), [1, 2, 3, 4, 5]);
  assert.equal(await shown({ $maxAge: 86_400 }), [3, 4, 5]);
  assert.equal(await shown({ $maxAge: 86_400, $maxCount: 1 }), [5]);
  assert.equal(await shown({}), [0, 1, 2, 3, 4, 5]);
  today += 2 * DAY;
  assert.equal(await shown({ $maxAge: 86_400 }), []);
  assert.is(log.lastRevision("limited"), 5n);
});

test("$all has every event once in the order of its position, whatever was deleted", () => {
  const forwards = log.readAll("start", "forwards", PAGE);
  const positions = forwards.events.map(({ position }) => Number(position));
  assert.equal(
    positions,
    Array.from(positions, (_, index) => index + 1),
  );
  assert.is(positions.length, Number(log.head));
  const backwards = log.readAll("end", "backwards", PAGE).events;
  assert.equal(
    backwards.toReversed().map(({ position }) => Number(position)),
    positions,
  );
});

test("$all is read inclusively forwards, exclusively backwards", () => {
  const at = (from: bigint, direction: Direction) => {
    const { events: found, next } = log.readAll(from, direction, { ...PAGE, maxCount: 2 });
    return [...found.map(({ position }) => Number(position)), next];
  };
  assert.equal(at(3n, "forwards"), [3, 4, 5n]);
  assert.equal(at(3n, "backwards"), [2, 1, undefined]);
  assert.equal(at(4n, "backwards"), [3, 2, 2n]);
  assert.equal(at(log.head, "forwards"), [Number(log.head), undefined]);
  assert.equal(at(log.head + 5n, "forwards"), [undefined]);
  assert.equal(log.readAll("end", "forwards", PAGE), { outcome: "page", events: [], next: undefined });
});

test("listeners are called once for a commit, when its events can be read", async () => {
  const heads: bigint[] = [];
  const stop = log.onCommit(() => heads.push(log.head));
  const before = log.head;
  const appended = Promise.all([log.append("a", ANY, events(2)), log.append("b", ANY, events(1))]);
  assert.is(log.head, before);
  assert.is(readAll("a").outcome, "stream_not_found");
  await appended;
  stop();
  await log.append("a", ANY, events(1));
  assert.equal(heads, [before + 3n]);
});

test("all events are there after a restart, and so are the recent ids", async () => {
  const known = event();
  const first = await log.append("survivor", ANY, [known]);
  const before = log.readAll("start", "forwards", PAGE).events.map(({ wire }) => Buffer.from(wire));
  const reopened = await scratch.reopened();
  const after = reopened.readAll("start", "forwards", PAGE).events.map(({ wire }) => Buffer.from(wire));
  assert.equal(after, before);
  assert.equal(await reopened.append("survivor", ANY, [known]), first);
  await reopened.close();
});

test("a closed log rejects appends", async () => {
  const rejected = await log.append("late", ANY, events(1)).catch((error: Error) => error.name);
  assert.is(rejected, "StoreUnavailable");
});

test.run();
