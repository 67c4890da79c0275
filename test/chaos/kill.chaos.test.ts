import { randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { configureDemo, effectsAt } from "../e2e/demo-partners.ts";
import { ROLES, type RunningYard, startYard } from "../e2e/yard.ts";
import { until } from "../harness/wait.ts";

// In the middle of many submissions one process is killed without warning and replaced. Nothing is lost, nothing doubled.
// KILL_SUBMISSIONS=200 npm test -- test/chaos/kill sends more.

const SUBMISSIONS = Number(process.env.KILL_SUBMISSIONS ?? 80);
const test = suite(`kill -9 in the middle of ${SUBMISSIONS} submissions`);
const PARTNERS = ["edu", "fin", "fallback"];
const AT_ONCE = 20;
let yard: RunningYard;
let sent = 0;

test.before(async () => {
  yard = await startYard("apart");
  await configureDemo(yard.client, yard.simulatorUrl);
});
test.after(() => yard?.stop());

const submission = (): Record<string, string> => {
  const id = randomUUID();
  const interest = ["Education", "Finance", "Art"][Math.floor(Math.random() * 3)] ?? "Art";
  return { email: `${id}@example.com`, full_name: `Grace ${id}`, country: "US", interest };
};

/** What a producer does: each submission under its own key, repeated until it is accepted. */
async function submitAll(onAccepted: (count: number) => void): Promise<string[]> {
  const ids: string[] = [];
  let left = SUBMISSIONS;
  const producer = async (): Promise<void> => {
    while (left-- > 0) onAccepted(ids.push(await yard.client.submitUntilAccepted(submission())));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, producer));
  return ids;
}

const victims = [...ROLES.filter((role) => role !== "simulator"), "eventstore", "nats"] as const;
for (const victim of victims) {
  test(`of ${victim}`, async () => {
    const halfway = Promise.withResolvers<void>();
    const submitted = submitAll((count) => {
      if (count === SUBMISSIONS / 2) halfway.resolve();
    });
    await halfway.promise;
    await yard.replace(victim);
    const ids = await submitted;
    sent += ids.length;
    assert.is(new Set(ids).size, SUBMISSIONS);
    const ended = await Promise.all(ids.map((id) => yard.client.ended(id, 60_000)));
    assert.equal(new Set(ended.map((lead) => lead.status)), new Set(["delivered"]));

    const seen = await until("every effect is counted", async () => {
      const counts = await Promise.all(PARTNERS.map((partner) => effectsAt(yard.simulatorUrl, partner)));
      const effects = counts.reduce((sum, one) => sum + one.effects, 0);
      return effects >= sent && { effects, most: Math.max(...counts.map((one) => one.max)) };
    });
    assert.equal(seen, { effects: sent, most: 1 });
  });
}

test.run();
