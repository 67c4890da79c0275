import { mock } from "node:test";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CommitNotifier } from "./commit-notifier.ts";

const test = suite("commit notifier");
test.before.each(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.after.each(() => mock.timers.reset());

test("a lone commit notifies at once, those that follow closely notify together, and the last is never missed", () => {
  const notifier = new CommitNotifier();
  let notified = 0;
  notifier.listen(() => {
    notified += 1;
  });
  notifier.notify();
  assert.is(notified, 1);
  for (let commit = 0; commit < 5; commit++) notifier.notify();
  assert.is(notified, 1);
  mock.timers.tick(2);
  assert.is(notified, 2);
  mock.timers.tick(100);
  assert.is(notified, 2);
  notifier.notify();
  assert.is(notified, 3);
});

test("who stopped listening is not notified", () => {
  const notifier = new CommitNotifier();
  const stop = notifier.listen(() => assert.unreachable());
  stop();
  notifier.notify();
  mock.timers.tick(100);
});

test.run();
