import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId, SubmissionId } from "#domain/ids.ts";
import { submissionStream } from "#domain/submission/events.ts";
import { newUuid } from "#platform/ids.ts";
import { createLeadQueries } from "#projections/leads/query.ts";
import { createProgressQueries } from "#projections/progress.ts";
import { until } from "../../test/harness/wait.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { startProjections } from "./app.ts";

// During a rolling deployment a process may meet what a newer release wrote: passed over, it would be missing from the read model for ever.

const test = suite("projections that meet a newer release's event");
let yard: TestYard;
test.before(async () => {
  yard = await startTestYard();
});
test.after(() => yard.stop());

test("take in what is before it and wait there, while those who don't read it go on", async () => {
  await yard.start("projections", startProjections);
  const { own } = yard;
  const [database, eventStore, vault] = [own.database(), own.eventStore(), await own.vault()];
  const leads = createLeadQueries({ database, vault, eventStore });
  const progress = createProgressQueries({ database, eventStore });
  const positionOf = async (name: string): Promise<bigint> =>
    BigInt((await progress.list()).find((one) => one.name === name)?.position ?? 0);

  const before = await yard.receive({ email: "before@example.com" });
  const id = SubmissionId.parse(newUuid());
  const metadata = { schema: 2, at: new Date().toISOString() };
  const newer = {
    id: newUuid(),
    type: "SubmissionReceived",
    data: { submission_id: id, more: true },
    metadata,
  };
  const { position } = await eventStore.append(submissionStream(id), "no_stream", [newer]);
  const after = await yard.receive({ email: "after@example.com" });
  await yard.says("edu", { type: "CircuitClosed", data: { partner: PartnerId.parse("edu") } });

  const head = await eventStore.head();
  await until("those who don't read it are at the end", async () => (await positionOf("partners")) >= head);
  await until("what is before it is taken in", async () => (await leads.byId(before)) !== undefined);
  assert.is(await leads.byId(after), undefined);
  for (const name of ["leads", "unfinished", "identities"])
    assert.ok((await positionOf(name)) < position, name);
});

test.run();
