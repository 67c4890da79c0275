import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Interest } from "./interest.ts";
import { EVERYTHING } from "./read-request.ts";

const interests = suite("interest");

interests("is what all followers want, each part once", () => {
  const interest = new Interest();
  assert.ok(interest.add(["lead-", "rules"], 0n));
  assert.ok(interest.add(["partner-", "lead-1"], 5n));
  assert.equal(interest.prefixes, ["lead-", "rules", "partner-"]);
  assert.not(interest.add(["rules"], 6n));
});

interests("knows from where on the tail has had everything of a stream", () => {
  const interest = new Interest();
  const leads = ["lead-"];
  interest.add(leads, 3n);
  assert.is(interest.since(leads), 3n);
  const both = ["lead-7", "rules"];
  interest.add(both, 10n);
  assert.is(interest.since(["lead-7"]), 3n);
  assert.is(interest.since(both), 10n);
  interest.add([EVERYTHING], 20n);
  assert.equal(interest.prefixes, [EVERYTHING]);
  assert.is(interest.since([EVERYTHING]), 20n);
});

interests("wants less when a follower has gone, and has the rest from where it had it", () => {
  const interest = new Interest();
  const [all, leads] = [[EVERYTHING], ["lead-"]];
  interest.add(all, 3n);
  assert.not(interest.add(leads, 10n));
  assert.ok(interest.remove(all, 20n));
  assert.equal(interest.prefixes, leads);
  assert.is(interest.since(leads), 3n);
  assert.ok(interest.add(["rules"], 30n));
  assert.is(interest.since(["rules"]), 30n);
});

interests("keeps what another follower still wants", () => {
  const interest = new Interest();
  const [one, same] = [["lead-"], ["lead-"]];
  interest.add(one, 1n);
  interest.add(same, 2n);
  assert.not(interest.remove(one, 3n));
  assert.equal(interest.prefixes, ["lead-"]);
});

interests.run();
