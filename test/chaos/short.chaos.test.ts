import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MEMBERS } from "./campaign-invariants.ts";
import { type Blow, described, planRound } from "./plan.ts";
import { replayViolations } from "./replay.ts";
import { playRound } from "./round.ts";
import { type ChaosYard, PARTNER_NAMES, startChaosYard } from "./yard.ts";

// One round that has something of everything; `npm run chaos` plays many.

const test = suite("a yard that is struck");
let yard: ChaosYard;

test.before(async () => {
  yard = await startChaosYard();
});
test.after(() => yard?.stop());

const BLOWS: readonly Blow[] = [
  {
    at: 0,
    forMs: 1_500,
    action: { kind: "partner_outage", partner: "edu", behaviour: { behaviour: "hanging" } },
  },
  { at: 200, forMs: 1_000, action: { kind: "kill", part: "partners" } },
  { at: 300, forMs: 1_500, action: { kind: "freeze", part: "leads" } },
  { at: 500, forMs: 0, action: { kind: "half_open", process: "partners-2", part: "eventstore" } },
  { at: 800, forMs: 1_000, action: { kind: "full_disk" } },
  { at: 1_000, forMs: 2_000, action: { kind: "clock_jump", process: "relay", seconds: 120 } },
  { at: 1_500, forMs: 1_000, action: { kind: "configure", change: "rules", partner: "edu" } },
  { at: 2_000, forMs: 0, action: { kind: "wipe_jetstream" } },
  { at: 2_500, forMs: 500, action: { kind: "kill", part: "campaigns" } },
  { at: 3_000, forMs: 200, action: { kind: "restart", part: "gateway-2" } },
];

test("keeps every promise", async () => {
  const said: string[] = [];
  const { violations, timeline, taken, members } = await playRound(yard, BLOWS, 1, (line) => said.push(line));
  assert.equal(violations, [], timeline.join("\n"));
  assert.ok(taken > 0);
  for (const blow of BLOWS) assert.ok(said.includes(described(blow)), "each blow is told as it falls");
  assert.match(said.at(-1) ?? "", /looking at the promises/);
  assert.is(members.done, MEMBERS, JSON.stringify(members));
});

test("has the read models that its log makes anew", async () => {
  assert.equal(await replayViolations(yard), []);
});

test("is struck by the same blows for the same seed", () => {
  const options = { processes: yard.processes, partners: PARTNER_NAMES };
  assert.equal(planRound({ seed: 5, ...options }), planRound({ seed: 5, ...options }));
  const plans = Array.from({ length: 200 }, (_, seed) => planRound({ seed, ...options }));
  const kinds = new Set(plans.flat().map(({ action }) => action.kind));
  assert.is(kinds.size, 12);
  const some = planRound({ seed: 5, ...options, without: new Set(["kill", "freeze"]) });
  assert.not(some.some(({ action: { kind } }) => kind === "kill" || kind === "freeze"));
});

test.run();
