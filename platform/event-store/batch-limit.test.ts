import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BatchLimit } from "./batch-limit.ts";

const limits = suite("how many events a follower is given at once");

limits("are as many as it may have, while they are handled in time", () => {
  const limit = new BatchLimit({ maxCount: 4_000, aimMs: 1_000 });
  limit.took(4_000, 900);
  assert.is(limit.count, 4_000);
});

limits("become fewer when they take longer, at most a quarter at a time, and never next to none", () => {
  const limit = new BatchLimit({ maxCount: 4_000, aimMs: 1_000 });
  limit.took(4_000, 2_000);
  assert.is(limit.count, 2_000);
  limit.took(2_000, 60_000);
  assert.is(limit.count, 500);
  limit.took(500, 60_000);
  limit.took(125, 60_000);
  limit.took(100, 60_000);
  assert.is(limit.count, 100);
});

limits("become more again once full batches are quick", () => {
  const limit = new BatchLimit({ maxCount: 1_000, aimMs: 1_000 });
  limit.took(1_000, 4_000);
  assert.is(limit.count, 250);
  limit.took(20, 5);
  assert.is(limit.count, 250, "a batch that was not full says nothing");
  limit.took(250, 700);
  assert.is(limit.count, 250, "just in time is no reason for more");
  limit.took(250, 300);
  limit.took(500, 300);
  limit.took(1_000, 300);
  assert.is(limit.count, 1_000);
});

limits("stay what they are when a handful took long, which waited for something else", () => {
  const limit = new BatchLimit({ maxCount: 1_000, aimMs: 1_000 });
  limit.took(3, 30_000);
  assert.is(limit.count, 1_000);
});

limits.run();
