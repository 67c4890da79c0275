// What goes over the stream of appends, seen from its other end: the event store's own tests see the rest.
import { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openAppender } from "./appender.ts";
import type { Calls } from "./calls.ts";

const test = suite("appender");

interface Written {
  readonly length: number;
  copy(target: Buffer, at: number): void;
}

/** A stream of appends that keeps what is written to it. */
function openedStream() {
  const written: Written[] = [];
  const stream = Object.assign(new EventEmitter(), { write: (message: Written) => written.push(message) });
  return { stream, written };
}

function callsOver({ stream }: ReturnType<typeof openedStream>): Calls {
  const calls = {
    appendStream: async (onOpened: (opened: typeof stream) => void) => {
      onOpened(stream);
      return stream;
    },
  };
  return calls as unknown as Calls;
}

const appendOf = (stream: string, text = "") => ({
  stream,
  expected: "no_stream" as const,
  events: [{ id: "0", type: "Happened", data: { text }, metadata: { schema: 1, at: "" } }],
});

const ignored = (): undefined => undefined;

test("appends of one turn go out in one write, those of the next in another", async () => {
  const opened = openedStream();
  const appender = openAppender(callsOver(opened));
  const failed: unknown[] = [];
  const begin = (name: string): void =>
    void appender.append(appendOf(name), 60_000).catch((error: unknown) => failed.push(error));

  for (let n = 0; n < 100; n += 1) begin(`first-${n}`);
  await nextTurn();
  await nextTurn();
  assert.is(opened.written.length, 1);
  begin("second");
  await nextTurn();
  assert.is(opened.written.length, 2);
  assert.ok((opened.written[0]?.length ?? 0) > 90 * (opened.written[1]?.length ?? 0));

  opened.stream.emit("close");
  await nextTurn();
  assert.is(failed.length, 101);
});

test("many large appends are several writes, each append whole in one of them", async () => {
  const opened = openedStream();
  const appender = openAppender(callsOver(opened));
  const text = "x".repeat(25_000);
  for (let n = 0; n < 5; n += 1) appender.append(appendOf(`s-${n}`, text), 60_000).catch(ignored);
  await nextTurn();
  await nextTurn();
  assert.equal(
    opened.written.map(({ length }) => Math.floor(length / text.length)),
    [2, 2, 1],
  );
  opened.stream.emit("close");
});

test("an append whose time is over before the stream is open is not written", async () => {
  const opened = openedStream();
  const slow = Promise.withResolvers<void>();
  const calls = callsOver(opened);
  const appender = openAppender({
    ...calls,
    appendStream: async (onOpened) => {
      await slow.promise;
      return calls.appendStream(onOpened);
    },
  });
  const late = appender.append(appendOf("late"), 1).catch((error: Error) => error.name);
  const patient = appender.append(appendOf("patient"), 60_000).catch((error: Error) => error.message);
  assert.is(await late, "NoAnswer");
  slow.resolve();
  await nextTurn();
  await nextTurn();
  assert.is(opened.written.length, 1);
  opened.stream.emit("close");
  assert.match(`${await patient}`, "closed");
});

test.run();
