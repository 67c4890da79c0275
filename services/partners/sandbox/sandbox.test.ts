import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../../test/harness/wait.ts";
import type { FetchRequest, Limits, RunResult } from "./messages.ts";
import { createSandbox, type RunOptions, type Sandbox } from "./sandbox.ts";

const test = suite("the sandbox for functions");
const limits: Limits = { cpuMs: 400, memoryBytes: 32 * 1024 * 1024, maxOutput: 1_000 };
const warnings: object[] = [];
const log = { warn: (fields: object) => void warnings.push(fields) };
const sandboxes: Sandbox[] = [];

function opened(maxThreads?: number): Sandbox {
  const one = createSandbox({ log: log as never, ...(maxThreads !== undefined && { maxThreads }) });
  sandboxes.push(one);
  return one;
}
const usual = opened();
const lead = { id: "lead-1", kind: "lead", email: "ann@example.com" };

function run(code: string, more: Partial<RunOptions> = {}, sandbox = usual): Promise<RunResult> {
  const job = { code, argument: JSON.stringify(lead), limits, mayWait: true };
  return sandbox.run({ owner: "edu", job, timeoutMs: 20_000, ...more });
}
const given = (result: RunResult): unknown => {
  assert.ok(result.ok, JSON.stringify(result));
  return result.ok ? JSON.parse(result.json) : undefined;
};
const failureOf = (result: RunResult): string => (result.ok ? `gave ${result.json}` : result.failure);

test.after(async () => {
  await Promise.all(sandboxes.map((one) => one.close()));
});

test("runs what people write as a function, sync or async", async () => {
  for (const code of [
    "(lead) => lead.email",
    "(lead) => lead.email;\n",
    "async ({ email }) => { await null; return email; }",
    "function (lead) { return lead.email }",
    "const pick = (lead) => lead.email;\npick",
    "// picks\nlead => new Promise((done) => done(lead.email))",
  ])
    assert.is(given(await run(code)), lead.email, code);
  assert.is(given(await run("() => undefined")), null);
});

test("says in which line a function is wrong", async () => {
  const compile = (code: string) =>
    usual.run({ owner: "compile", job: { code, limits, mayWait: true }, timeoutMs: 20_000 });
  const wrong = await compile("(lead) => {\n  const a = 1;\n  return a b;\n}");
  assert.ok(!wrong.ok && wrong.failure === "syntax" && wrong.line === 3, JSON.stringify(wrong));
  const script = await compile("const a = 1;\nconst b = (lead) => {\n  return }}\nb");
  assert.ok(!script.ok && script.failure === "syntax" && script.line === 3, JSON.stringify(script));
  const none = await compile('"text"');
  assert.ok(!none.ok && none.failure === "syntax" && /no function/.test(none.message));
  assert.ok((await compile("(lead) => nobody.looks.here")).ok);
});

test("gives a function nothing but the language and a log", async () => {
  const seen = given(
    await run(`() => [
      ["process", "require", "module", "globalThis.constructor.constructor('return this')().process", "fetch", "XMLHttpRequest",
       "setTimeout", "setInterval", "WebAssembly", "SharedArrayBuffer && Atomics && Worker", "$fetch", "$log", "import.meta", "performance"]
        .filter((name) => { try { return (0, eval)("typeof " + name) !== "undefined" && (0, eval)(name) !== undefined } catch { return false } }),
      Object.keys(globalThis),
    ]`),
  );
  assert.equal(seen, [[], ["console"]]);
  const imported = await run('() => import("node:fs")');
  assert.is(failureOf(imported), "threw");
});

test("starts anew each time, whatever the function did to its world", async () => {
  await run("() => { globalThis.kept = 1; Array.prototype.map = null; JSON.parse = null; return 1 }");
  assert.equal(given(await run("() => [typeof kept, [1].map((n) => n + 1)]")), ["undefined", [2]]);
  const odd =
    "() => { JSON.stringify = () => '\"evil\"'; Promise.prototype.then = null; Promise.resolve = null; return 'good' }";
  assert.is(given(await run(odd)), "good");
});

test("keeps a bounded log", async () => {
  const told = await run('(lead) => { console.log("saw", lead.email, { a: 1 }); return 1 }');
  assert.equal(told.logs, ['saw ann@example.com {"a":1}']);
  const much = await run(
    "() => { for (let n = 0; n < 5000; n += 1) console.error('x'.repeat(500)); return 1 }",
  );
  assert.ok(much.ok);
  assert.ok(much.logs.length <= 100 && much.logs.join("").length <= 10_000);
});

for (const [what, code, failure] of [
  ["time", "() => { for (;;); }", "cpu_limit"],
  ["time where it catches what ends it", "() => { for (;;) try { for (;;); } catch {} }", "cpu_limit"],
  ["time in small parts", "async () => { for (;;) await 0; }", "cpu_limit"],
  ["time in an expression", "() => /(a+)+$/.test('a'.repeat(60) + 'b')", "cpu_limit"],
  ["time while it is looked at", "() => ({ get a() { for (;;); } })", "cpu_limit"],
  ["memory", "() => { const a = []; for (;;) a.push('x'.repeat(1000) + a.length); }", "memory_limit"],
  ["memory at once", "() => new Uint8Array(1e9)", "memory_limit"],
  ["stack", "() => { const f = () => f() + 1; return f(); }", "stack_limit"],
  ["output", "() => 'x'.repeat(2000)", "output_limit"],
  ["patience", "() => new Promise(() => {})", "never_settles"],
  ["calls", "() => { throw new TypeError('no') }", "threw"],
  ["oddities", "() => { throw { get message() { throw 1 } } }", "threw"],
] as const)
  test(`ends what takes more ${what} than it may, and goes on with the next`, async () => {
    // Where the machine is slow, so is what fills memory.
    const roomy = { ...limits, ...(failure === "memory_limit" && { cpuMs: 10_000 }) };
    const job = { code, argument: "{}", limits: roomy, mayWait: true };
    const result = await run(code, { job, timeoutMs: 60_000 });
    assert.is(failureOf(result), failure, JSON.stringify(result));
    assert.is(given(await run("(lead) => lead.kind")), "lead");
  });

/** One operation of the language that nothing interrupts for many seconds. */
const STUCK = "() => String(2n ** 1000000n).length";

test("replaces the thread of one that hangs, and delays nobody else meanwhile", async () => {
  const hanging = run(STUCK, { owner: "stuck", timeoutMs: 1_500 });
  const beside = run("() => 1", { owner: "stuck" });
  const begun = performance.now();
  for (let n = 0; n < 5; n += 1) assert.is(given(await run("() => 7", { owner: "quick" })), 7);
  const took = performance.now() - begun;
  assert.is(failureOf(await hanging), "timeout");
  assert.ok(took < 1_400, `others took ${took} ms`);
  assert.is(failureOf(await beside), "sandbox_failed");
  assert.equal(warnings, [{ owner: "stuck" }]);
  assert.is(given(await run("() => 8", { owner: "stuck" })), 8);
});

test("ends a run in its time, and when nobody wants it any more", async () => {
  const never = "async () => { await fetch('http://x.example/'); }";
  const fetch = () => new Promise<never>(() => undefined);
  assert.is(failureOf(await run(never, { fetch, timeoutMs: 300 })), "timeout");
  const giveUp = new AbortController();
  const running = run(never, { fetch, signal: giveUp.signal });
  giveUp.abort();
  assert.is(failureOf(await running), "aborted");
  const late = await run("() => 1", { signal: AbortSignal.abort() });
  assert.is(failureOf(late), "aborted");
});

test("lets a function call what it is given, so many times", async () => {
  const requests: FetchRequest[] = [];
  const fetch = async (request: FetchRequest) => {
    requests.push(request);
    return { status: 201, headers: { "x-a": "b" }, body: '{"n":4}' };
  };
  const code = `async ({ email }) => {
    const answer = await fetch("https://api.shop.example/a", { method: "POST", headers: { "X-Key": 7 }, body: JSON.stringify({ email }) });
    return [answer.ok, answer.status, answer.headers["x-a"], (await answer.json()).n, await answer.text()];
  }`;
  assert.equal(given(await run(code, { fetch })), [true, 201, "b", 4, '{"n":4}']);
  assert.equal(requests, [
    {
      url: "https://api.shop.example/a",
      method: "POST",
      headers: { "X-Key": "7" },
      body: '{"email":"ann@example.com"}',
    },
  ]);
  const refused = await run("async () => fetch('https://x.example/')", {
    fetch: async () => ({ error: "not allowed" }),
  });
  assert.ok(!refused.ok && refused.failure === "threw" && /not allowed/.test(refused.message));
  requests.length = 0;
  const many = await run(
    "async () => { for (let n = 0; n < 20; n += 1) await fetch('https://x.example/'); }",
    { fetch },
  );
  assert.is(failureOf(many), "threw");
  assert.is(requests.length, 10);
});

test("runs many of one owner, and of more owners than there are threads", async () => {
  const small = opened(2);
  const all = Array.from({ length: 60 }, (_, n) =>
    run(`() => ${n}`, { owner: `owner-${n % 6}`, timeoutMs: 60_000 }, small),
  );
  assert.equal(
    (await Promise.all(all)).map(given),
    Array.from({ length: 60 }, (_, n) => n),
  );
});

test("says of a run that had no turn that it had none", async () => {
  const one = opened(1);
  const fetch = () => new Promise<never>(() => undefined);
  const waiting = "async () => { await fetch('http://x.example/'); }";
  const first = run(waiting, { owner: "first", fetch, timeoutMs: 2_000 }, one);
  assert.is(failureOf(await run("() => 1", { owner: "second", timeoutMs: 200 }, one)), "no_turn");
  assert.is(failureOf(await first), "timeout");
  assert.is(given(await run("() => 1", { owner: "second" }, one)), 1);
});

test("waits for no promise where it may not", async () => {
  const job = { argument: "{}", limits, mayWait: false };
  const value = async (code: string) => given(await run("", { job: { ...job, code } }));
  assert.equal(
    [await value("() => 1"), await value("async () => 1"), await value("() => ({ then() {} })")],
    [1, null, null],
  );
});

test("is bounded for all functions of an owner together", async () => {
  const hoard =
    "async () => { const a = []; for (let n = 0; n < 28; n += 1) a.push(new Uint8Array(1e6)); await fetch('http://x.example/'); return a.length }";
  const held: (() => void)[] = [];
  const fetch = () =>
    new Promise<{ error: string }>((resolve) => void held.push(() => resolve({ error: "enough" })));
  const runs = Array.from({ length: 8 }, () => run(hoard, { owner: "hoarder", fetch, timeoutMs: 60_000 }));
  let ended = 0;
  for (const one of runs)
    void one.then(() => {
      ended += 1;
    });
  await until("each waits or has ended", () => held.length + ended >= runs.length, 60_000);
  for (const release of held) release();
  const failures = (await Promise.all(runs)).map(failureOf);
  assert.ok(
    failures.filter((one) => one === "memory_limit" || one === "sandbox_failed").length >= 2,
    `${failures}`,
  );
  assert.is(given(await run("() => 1", { owner: "hoarder" })), 1);
});

test.run();
