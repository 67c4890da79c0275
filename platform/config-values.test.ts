// Values that look right and could not be used.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readConfig } from "./config.ts";

const test = suite("values of the configuration");

const secretOf = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 1).toString("base64")}`;

test("says of a source what the gateway could not use", () => {
  const good = secretOf(32);
  for (const one of [`Shop:${good}`, `-:${good}`, `shop:${secretOf(23)}`, `shop:${secretOf(65)}`])
    assert.throws(() => readConfig({ SOURCES: `demo:${good},${one}` }), /SOURCES is not id:whsec_/, one);
  assert.is(readConfig({ SOURCES: `my-shop_2:${secretOf(64)}` }).sources[0]?.id, "my-shop_2");
});

test.run();
