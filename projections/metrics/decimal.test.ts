import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decimalOf, sumOf, textOf, times, ZERO } from "./decimal.ts";

const test = suite("decimal sums");
const sum = (...all: readonly number[]): string =>
  textOf(all.map((one) => decimalOf(`${one}`)).reduce(sumOf, ZERO));

test("sums are exact, in the shortest text", () => {
  assert.is(sum(), "0");
  assert.is(sum(0.1, 0.2), "0.3");
  assert.is(sum(12.5, -2.5), "10");
  assert.is(sum(1e21, 1e-7, -1e21), "0.0000001");
  assert.is(sum(1e21), "1000000000000000000000");
  assert.is(sum(-0.05), "-0.05");
  assert.is(textOf(times(decimalOf("19.99"), -3)), "-59.97");
});

test("what is added in any order and taken back leaves nothing", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 20 }), (all) => {
      assert.is(sum(...all), sum(...all.toReversed()));
      assert.is(sum(...all, ...all.map((one) => -one)), "0");
      for (const one of all) assert.is(Number(sum(one)), one === 0 ? 0 : one);
    }),
  );
});

test("what is no number is refused", () => {
  for (const text of ["", "NaN", "Infinity", "1,5"])
    assert.throws(() => decimalOf(text), /no decimal number/);
});

test.run();
