// Whatever happens to a campaign, every member comes to exactly one end, and each send is asked for once.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { action } from "../../test/campaigns/actions.ts";
import { CONCURRENCY, World } from "../../test/campaigns/any-history.ts";
import { campaignDecider } from "./decide.ts";
import { activeIn, type CampaignState } from "./state.ts";

const test = suite("any history of a campaign");

const queuesOf = ({ members }: CampaignState) => [
  [...members.fresh],
  [...members.toSend],
  [...members.toWork],
  [...members.working],
  members.waiting,
];

test("everybody comes to exactly one end, no more are worked on than allowed, and no send is asked for twice", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120, size: "max" }), (actions) => {
      const world = new World();
      for (const act of actions) {
        act(world);
        const newest = world.owners.find(({ seen }) => seen === world.log.length);
        if (newest !== undefined) assert.ok(newest.state.members.working.size <= CONCURRENCY);
      }
      // Whatever happened, one owner that goes on brings everybody to an end.
      const { state } = world.catchUp(0);
      for (let round = 0; activeIn(state) > 0; round += 1) {
        assert.ok(round < 50, "somebody never ends");
        world.now += 11_000;
        for (const [id] of state.members) world.goOn(0, id);
      }
      assert.is(new Set(world.sends).size, world.sends.length);
      const ends = world.log.filter(({ type }) => type === "MemberDone");
      const failed = [...state.members].filter(([, { status }]) => status === "failed");
      assert.is(ends.length + failed.length, state.members.size);
      const messages = world.log.flatMap((event) =>
        event.type === "MemberReplied" ? [event.data.message] : [],
      );
      assert.is(new Set(messages).size, messages.length);
      const waits = world.log.filter(({ type }) => type === "MemberWaiting").length;
      const over = world.log.filter(
        ({ data }) => "left" in data && (data.left?.how === "timed_out" || data.left?.how === "replied"),
      ).length;
      assert.ok(over <= waits);
    }),
    { numRuns: 400 },
  );
});

test("whoever reads the stream anew knows what the owner knew", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80, size: "max" }), (actions) => {
      const world = new World();
      for (const act of actions) act(world);
      const before = world.catchUp(0).state;
      world.crash(1);
      const anew = world.catchUp(1).state;
      assert.equal([...anew.members].sort(), [...before.members].sort());
      assert.equal(queuesOf(anew), queuesOf(before));
    }),
    { numRuns: 100 },
  );
});

test("a member goes on only from where it is, also when it was moved to another step of another version meanwhile", () => {
  let migrated = 0;
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120, size: "max" }), (actions) => {
      const world = new World();
      for (const act of actions) act(world);
      // Each has planned what it does next when the migration comes, unless it has come already.
      const { members } = world.catchUp(0).state;
      for (const [id] of members) world.goOnLater(0, id);
      world.redefine();
      world.migrate(0);
      for (let made = 0; made < members.size; made += 1) world.makePlannedMove(0);
      const state = campaignDecider.initial;
      for (const event of world.log) {
        if (event.type === "MembersMigrated") migrated += 1;
        if ("passed" in event.data) {
          const { left, member_id } = event.data;
          const member = state.members.get(member_id);
          if (left !== undefined) assert.is(left.step, member?.step);
          if ("version" in event.data && member?.step !== undefined)
            assert.is(event.data.version, member.version);
        }
        campaignDecider.evolve(state, event);
      }
    }),
    { numRuns: 400 },
  );
  assert.ok(migrated > 200, `${migrated} migrations`);
});

test.run();
