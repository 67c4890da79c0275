import { suite } from "uvu";
import * as assert from "uvu/assert";
import { every } from "./every.ts";
import { retryUntil } from "./retry.ts";

const retries = suite("repeated work");
const backoff = { baseMs: 1, maxMs: 2 };
const never = new AbortController().signal;

retries("is tried until it succeeds, each failure told", async () => {
  const told: number[] = [];
  let tries = 0;
  const work = async (): Promise<string> => {
    tries += 1;
    if (tries < 4) throw new Error("not yet");
    return "done";
  };
  const done = await retryUntil(work, { backoff, signal: never, onFailure: (_, n) => told.push(n) });
  assert.is(done, "done");
  assert.equal(told, [0, 1, 2]);
});

retries("ends when it is told to, and when whoever is told of a failure says so", async () => {
  const stop = new AbortController();
  const failing = async (): Promise<never> => {
    throw new Error("never");
  };
  const stopped = retryUntil(failing, { backoff, signal: stop.signal, onFailure: () => stop.abort() });
  assert.is(await stopped, undefined);
  const onFailure = (error: unknown): void => {
    throw error;
  };
  let caught: unknown;
  await retryUntil(failing, { backoff, signal: never, onFailure }).catch((error: unknown) => {
    caught = error;
  });
  assert.is((caught as Error).message, "never");
});

retries("goes one round at a time, and goes on after a round that failed", async () => {
  const failed: unknown[] = [];
  const slow = Promise.withResolvers<void>();
  const thrice = Promise.withResolvers<void>();
  let rounds = 0;
  let atOnce = 0;
  const stop = every({
    ms: 1,
    atOnce: true,
    onError: (error) => failed.push(error),
    work: async () => {
      rounds += 1;
      atOnce += 1;
      assert.is(atOnce, 1);
      if (rounds === 1) await slow.promise;
      atOnce -= 1;
      if (rounds === 2) throw new Error("a bad round");
      if (rounds === 3) thrice.resolve();
    },
  });
  setTimeout(slow.resolve, 10);
  await thrice.promise;
  stop();
  assert.is(failed.length, 1);
});

retries.run();
