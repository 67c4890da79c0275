import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { campaignDecider } from "#domain/campaign/decide.ts";
import type { CampaignEvent } from "#domain/campaign/events.ts";
import type { CampaignState } from "#domain/campaign/state.ts";
import { action } from "../../test/campaigns/actions.ts";
import { World } from "../../test/campaigns/any-history.ts";
import { copyState, snapshotPieces, stateOfSnapshot } from "./snapshot-format.ts";

const test = suite("a campaign's state, written down");

const { evolve } = campaignDecider;
const bytesOf = (state: CampaignState): Buffer => Buffer.concat([...snapshotPieces(copyState(state))]);

function readFrom(bytes: Buffer, revision: number): CampaignState {
  const steps = stateOfSnapshot(bytes, revision);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** All that is known, those who wait in the order in which they are woken. */
function knownIn(state: CampaignState): unknown {
  const { revision, members, messages, migrated, import: importing } = state;
  const copy = copyState(state);
  const woken = [];
  for (let id = members.takeDue(); id !== undefined; id = members.takeDue()) woken.push(id);
  return { copy, all: [...members], woken, revision, messages, migrated, importing };
}

const foldOf = (events: readonly CampaignEvent[], from = campaignDecider.initial): CampaignState =>
  events.reduce(evolve, from);

test("and the events after it make what all events make, wherever it is taken", () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 100, size: "max" }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (actions, share) => {
        const world = new World();
        for (const act of actions) act(world);
        const { log } = world;
        const cut = Math.floor(share * log.length);
        const before = foldOf(log.slice(0, cut));
        // Who was just taken out to go on waits still.
        before.members.takeDue();
        const restored = readFrom(bytesOf(before), cut - 1);
        assert.equal(knownIn(foldOf(log.slice(cut), restored)), knownIn(foldOf(log)));
      },
    ),
    { numRuns: 300 },
  );
});

test("takes in all that a recorded history led to", () => {
  const path = join(import.meta.dirname, "../../domain/campaign/fixtures/recorded-stream.json");
  const { events } = JSON.parse(readFileSync(path, "utf8")) as { events: CampaignEvent[] };
  for (let cut = 0; cut <= events.length; cut += 1) {
    const restored = readFrom(bytesOf(foldOf(events.slice(0, cut))), cut - 1);
    assert.equal(knownIn(foldOf(events.slice(cut), restored)), knownIn(foldOf(events)), `cut at ${cut}`);
  }
});

test("is refused when it is not whole", () => {
  const world = new World();
  const [someAction] = fc.sample(fc.array(action, { minLength: 60, maxLength: 80, size: "max" }), {
    numRuns: 1,
    seed: 5,
  });
  for (const act of someAction ?? []) act(world);
  const bytes = bytesOf(foldOf(world.log));
  assert.throws(() => readFrom(bytes.subarray(0, bytes.length - 3), 0), /ends at/);
  assert.throws(() => readFrom(Buffer.from("{}"), 0));
});

test.run();
