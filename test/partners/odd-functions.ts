// Functions to fuzz with: each gives, throws or waits for something that hardly anybody would. The same seed gives the same ones.
import fc from "fast-check";

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((one) => `(${JSON.stringify(one)})`),
  fc
    .constantFrom(
      "undefined",
      "Symbol('x')",
      "10n",
      "NaN",
      "-0",
      "1e999",
      "'\\ud800'",
      "'\\u0000'",
      "'x'.repeat(3_000_000)",
      "new Proxy({}, {})",
      "new Proxy({}, { get() { throw new Error('no') }, ownKeys() { throw 1 } })",
      "new Proxy(() => 1, { apply() { throw null } })",
      "{ get price() { throw new Error('no') } }",
      "{ toJSON() { throw new Error('no') } }",
      "{ toJSON() { return 10n } }",
      "(() => { const a = {}; a.a = a; return a; })()",
      "(() => { let a = 'x'; for (let n = 0; n < 5_000; n += 1) a = [a]; return a; })()",
      "new Array(1e6)",
      "new Uint8Array(1e6)",
      "new Map([[1, 2]])",
      "new Date(NaN)",
      "(function* () { yield 1; })()",
      "globalThis",
      "Promise.reject(new Error('no'))",
      "new Promise(() => {})",
      "{ then(resolve) { resolve({ outcome: 'success' }) } }",
      "{ then() {} }",
      "{ then() { throw { toString() { throw 1 } } } }",
    )
    .map((one) => (one.startsWith("{") ? `(${one})` : one)),
);
const price = fc.oneof(value, fc.constantFrom("1", "-1", "1e300", "'7'"));
const result = fc.oneof(
  value,
  fc
    .tuple(fc.constantFrom("'success'", "'failure'", "'error'", "{}"), value, price)
    .map(([outcome, reason, paid]) => `({ outcome: ${outcome}, reason: ${reason}, price: ${paid} })`),
);
const before = fc.constantFrom(
  "",
  "",
  "",
  "JSON.stringify = () => { throw 1 };",
  "JSON.parse = undefined;",
  "Promise.prototype.then = () => { throw 1 };",
  "Object.prototype.outcome = 'success';",
  "Object.prototype.toJSON = () => ({ outcome: 'success' });",
  "Array.prototype.map = null;",
  "console.log(lead, new Proxy({}, { get() { throw 1 } }));",
  "for (let n = 0; n < 1_000; n += 1) console.log('x'.repeat(1_000));",
  "delete globalThis.console;",
  "Object.freeze(globalThis);",
  "for (const name of Object.getOwnPropertyNames(globalThis)) { try { globalThis[name] = null } catch {} }",
);
const ending = fc.oneof(
  { weight: 8, arbitrary: result.map((one) => `return ${one};`) },
  { weight: 2, arbitrary: value.map((one) => `throw ${one};`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "const again = () => again(); again();",
      "const grow = []; for (;;) grow.push(new Array(1e5).fill(grow));",
      "return new Promise((resolve) => { const later = () => Promise.resolve().then(later); later(); });",
    ),
  },
);

/** What the code says is valid; what comes of it is anybody's guess. */
export const oddFunction: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom("", "async "), before, ending)
  .map(([kind, first, last]) => `${kind}(lead) => { ${first} ${last} }`);
