import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allOrNone } from "./started.ts";
import { until } from "./wait.ts";

const test = suite("what is started together");

const said: string[] = [];
const { error: print } = console;
test.before.each(() => {
  said.length = 0;
  console.error = (line: string) => void said.push(line);
});
test.after.each(() => {
  console.error = print;
});

test("is stopped in reverse where one of them fails, also what starts only then, and the reason is printed", async () => {
  const stopped: string[] = [];
  const { promise: late, resolve: startLate } = Promise.withResolvers<void>();
  const part = (name: string) => ({ stop: async () => void stopped.push(name) });
  let isRefused = false;
  const failing = allOrNone("a yard", async (own) => {
    await own(async () => part("first"));
    const slow = own(() => late.then(() => part("slow")));
    const broken = own(() => Promise.reject(new Error("the port is taken")));
    void until("it has failed", () => said.length > 0).then(async () => {
      await own(async () => part("too late")).catch(() => {
        isRefused = true;
      });
      startLate();
    });
    await Promise.all([slow, broken]);
  });
  const error = await failing.then(
    () => undefined,
    (error: Error) => error,
  );
  assert.is(error?.message, "the port is taken");
  assert.ok(isRefused);
  assert.equal(stopped, ["slow", "first"]);
  assert.match(said.join("\n"), /a yard did not start: Error: the port is taken/);
});

test("a file whose yard does not start ends, and says why", () => {
  const { signal, stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      fileURLToPath(import.meta.resolve("./fixtures/yard-that-fails.ts")),
    ],
    { encoding: "utf8", timeout: 100_000 },
  );
  assert.is(signal, null, "it hangs");
  assert.match(stdout, /\(0 \/ 1\)/);
  assert.match(stderr, /a yard did not start: Error: .*gateway/s);
  assert.match(stderr, /MASTER_KEY/);
});

test.run();
