import { mock } from "node:test";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CommitBell } from "./commit-bell.ts";

const test = suite("commit bell");
test.before.each(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.after.each(() => mock.timers.reset());

test("a lone commit is told at once, those that follow closely are told together, and the last is never missed", () => {
  const bell = new CommitBell();
  let told = 0;
  bell.listen(() => {
    told += 1;
  });
  bell.ring();
  assert.is(told, 1);
  for (let commit = 0; commit < 5; commit++) bell.ring();
  assert.is(told, 1);
  mock.timers.tick(2);
  assert.is(told, 2);
  mock.timers.tick(100);
  assert.is(told, 2);
  bell.ring();
  assert.is(told, 3);
});

test("who stopped listening hears nothing", () => {
  const bell = new CommitBell();
  const stop = bell.listen(() => assert.unreachable());
  stop();
  bell.ring();
  mock.timers.tick(100);
});

test.run();
