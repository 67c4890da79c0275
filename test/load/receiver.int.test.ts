// Whether the comparison of what was acknowledged with what arrived notices what is missing and what came twice.
import { request } from "undici";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PartnerId, SubmissionId } from "#domain/ids.ts";
import { deterministicUuid } from "#platform/ids.ts";
import { deliveryIdsOf } from "../../services/leads/leads.ts";
import { createSimulator, type Simulator } from "../../services/simulator/app.ts";
import { arrivalsAt } from "./receiver.ts";

const test = suite("what arrived at the receiver");
let simulator: Simulator;
test.before.each(async () => {
  simulator = await createSimulator();
});
test.after.each(() => simulator.close());

const submission = (n: number): string => deterministicUuid("submission of a test", `${n}`);
const deliveryOf = (id: string, partner: string): string =>
  deliveryIdsOf(id as SubmissionId)(partner as PartnerId, 1);
/** Long enough for a look that finds nothing new. */
const NO_PROGRESS_MS = 300;

async function deliver(id: string, partner: string, settings = ""): Promise<void> {
  const { body } = await request(`${simulator.url}/partners/${partner}${settings}`, {
    method: "POST",
    headers: { "idempotency-key": deliveryOf(id, partner), "content-type": "application/json" },
    body: "{}",
  });
  await body.dump();
}

const arrivals = (acknowledged: readonly string[]) => arrivalsAt(simulator.url, acknowledged, NO_PROGRESS_MS);

test("is once what had one effect, at whichever partner", async () => {
  await deliver(submission(1), "edu");
  await deliver(submission(2), "fin");
  assert.equal(await arrivals([submission(1), submission(2)]), {
    ...{ once: 2, lost: [], doubled: [], retried: 0, retries: 0, unacknowledged: 0 },
  });
});

test("is waited for while more is arriving, however many effects there are", async () => {
  for (const n of [1, 9]) await deliver(submission(n), "edu");
  const looking = arrivalsAt(simulator.url, [submission(1), submission(2)]);
  // Whoever looks later has seen the first, so the other look has seen it too.
  await arrivals([submission(1)]);
  await deliver(submission(2), "edu");
  assert.is((await looking).once, 2);
});

test("was retried where a request before it had failed, or was repeated", async () => {
  await deliver(submission(1), "edu", "?behaviour=failing");
  await deliver(submission(1), "edu");
  await deliver(submission(2), "edu");
  await deliver(submission(2), "edu");
  const { once, retried, retries, doubled } = await arrivals([submission(1), submission(2)]);
  assert.equal([once, retried, retries, doubled], [2, 2, 2, []]);
});

test("is lost when nothing came, or nothing but failures", async () => {
  await deliver(submission(1), "edu");
  await deliver(submission(2), "edu", "?behaviour=failing");
  const { once, lost } = await arrivals([1, 2, 3].map(submission));
  assert.equal([once, lost], [1, [submission(2), submission(3)]]);
});

test("is lost also when others make up the number of effects", async () => {
  for (const n of [1, 8, 9]) await deliver(submission(n), "edu");
  const { once, lost, unacknowledged } = await arrivals([1, 2].map(submission));
  assert.equal([once, lost, unacknowledged], [1, [submission(2)], 2]);
});

test("is doubled when one partner processed it twice, or two partners did", async () => {
  await deliver(submission(1), "edu", "?idempotent=false");
  await deliver(submission(1), "edu", "?idempotent=false");
  await deliver(submission(2), "edu");
  await deliver(submission(2), "fin");
  const { once, doubled } = await arrivals([1, 2].map(submission));
  assert.equal([once, doubled], [0, [submission(1), submission(2)]]);
});

test("is not judged by a record that has forgotten some of it", async () => {
  await simulator.close();
  simulator = await createSimulator({ maxIds: 2 });
  for (const n of [1, 2, 3]) await deliver(submission(n), "edu");
  const failure = await arrivals([1, 2, 3].map(submission)).catch((error: Error) => error);
  assert.instance(failure, Error);
  assert.match(`${failure}`, /names only 2 of the 3 deliveries to edu/);
});

test.run();
