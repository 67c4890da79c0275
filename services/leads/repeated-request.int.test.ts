import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectBus } from "#platform/bus/bus.ts";
import { createLog } from "#platform/log.ts";
import { startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/wait.ts";
import { repeatedRequest } from "./repeated-request.ts";

const asking = suite("a repeated request");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const nats = await startNats();
const bus = await connectBus({ url: nats.url, name: "test", log });
const SUBJECT = "who.is.it";
const NEW_WRITER = "who.is.new";
const { answerTo } = repeatedRequest({ bus, subject: SUBJECT, newWriterSubject: NEW_WRITER });
const signal = new AbortController().signal;
const ask = async (): Promise<string> => Buffer.from(await answerTo(Buffer.from("?"), signal)).toString();
const unanswered = () => new Promise<Uint8Array>(() => undefined);

asking.after(async () => {
  await bus.close();
  await nats.stop();
});

asking("goes to a newcomer as soon as it is there, though the one before was asked and sleeps", async () => {
  let taken = 0;
  const asleep = await bus.serve(SUBJECT, "asleep", () => {
    taken += 1;
    return unanswered();
  });
  const answer = ask();
  await until("the sleeper was asked", () => taken === 1);
  const awake = await bus.serve(SUBJECT, "awake", async () => Buffer.from("the new one"));
  const began = performance.now();
  bus.broadcast(NEW_WRITER, new Uint8Array());
  assert.is(await answer, "the new one");
  assert.ok(performance.now() - began < 500, "and not only when it is asked again anyway");
  void asleep.close();
  await awake.close();
});

asking("is answered by what was asked first, though it was asked again meanwhile", async () => {
  let heard = 0;
  const listener = bus.listen(SUBJECT, () => {
    heard += 1;
  });
  let taken = 0;
  const slow = await bus.serve(SUBJECT, "slow", async () => {
    taken += 1;
    await until("it was asked again", () => heard > 1);
    return Buffer.from("late");
  });
  assert.is(await ask(), "late");
  assert.is(taken, 1, "and is worked on once");
  await Promise.all([listener.close(), slow.close()]);
});

asking("finds a newcomer also when it did not hear of it", async () => {
  const silent = await bus.serve(SUBJECT, "silent", unanswered);
  const answer = ask();
  const awake = await bus.serve(SUBJECT, "awake", async () => Buffer.from("found"));
  assert.is(await answer, "found");
  void silent.close();
  await awake.close();
});

asking.run();
