import * as assert from "uvu/assert";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { startProjections } from "../../projections/app.ts";

const { test, yard } = await gatewaySuite("leads found by what was sent", {}, [startProjections]);

for (const [field, sent] of [
  ["full_name", "Ame\u0301lie Zo\u0308e"],
  ["full_name", "Amélie\u200b Zöe"],
  ["email", "ju\u0308rgen@bu\u0308cher.example"],
  ["email", "\ufeffjürgen@bücher.example\u200b"],
  ["phone", "＋４９ ３０ ９０１８４４"],
] as const) {
  test(`q finds the ${field} ${JSON.stringify(sent)} as it was sent`, async () => {
    const { status, headers, body } = await yard.submit({ [field]: sent });
    assert.is(status, 202);
    const path = `/api/leads?limit=1&after=${headers["x-position"]}&q=${encodeURIComponent(sent)}`;
    const found = await yard.admin("GET", path);
    assert.equal(
      found.body.items.map(({ id }: { id: string }) => id),
      [body.id],
    );
  });
}

test.run();
