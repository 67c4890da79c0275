import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fairShare } from "./share.ts";

const share = suite("fair share");
const ALL = Number.POSITIVE_INFINITY;

share("gives everything to one who is alone", () => {
  assert.is(fairShare(16, ALL, []), 16);
  assert.is(fairShare(16, 5, []), 5);
});

share("gives each the same, rounded up", () => {
  assert.is(fairShare(16, ALL, [ALL]), 8);
  assert.is(fairShare(16, ALL, [ALL, ALL]), 6);
  assert.is(fairShare(1, ALL, [ALL, ALL]), 1);
});

share("gives what one has no room for to the others", () => {
  assert.is(fairShare(16, ALL, [2]), 14);
  assert.is(fairShare(16, 2, [ALL]), 2);
});

share("leaves nothing over while there is room, and fills nobody beyond it", () => {
  const capacities = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), capacities, (names, members) => {
      const shares = members.map((own, at) => fairShare(names, own, members.toSpliced(at, 1)));
      const room = members.reduce((sum, one) => sum + one, 0);
      assert.ok(shares.every((one, at) => one <= (members[at] ?? 0)));
      assert.ok(shares.reduce((sum, one) => sum + one, 0) >= Math.min(names, room));
    }),
  );
});

share.run();
