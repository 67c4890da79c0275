// A key in the database that no master key opens any more, as after a fault of a disk: whom it belongs to can't be recorded, and
// nobody else waits for that.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import { dataIn, startTestYard } from "../../test/leads/yard.ts";
import { startLeads } from "../leads/app.ts";
import { startRelay } from "../relay/app.ts";
import { startIdentity } from "./app.ts";

const test = suite("a person whose key is damaged");
const yard = await startTestYard({ leadPartitions: 1 });
test.after(() => yard.stop());

test("has their leads set aside, and keeps nobody else's back", async () => {
  await yard.partner("edu");
  await yard.rule({ to: PartnerId.parse("edu") });
  await yard.start("relay", startRelay);
  const first = await yard.start("first", startLeads, startIdentity);
  const ann = { email: "ann@example.com", phone: "+15550100", full_name: "Ann" };
  const known = await yard.reaches(await yard.receive(ann), "SubmissionRouted");
  const { person_id } = dataIn(known, "PersonIdentified");
  await first.stop();
  await yard.own
    .database()
    .execute("update vault.keys set wrapped = 'damaged' where id = $1", [`person-${person_id}`]);

  // Before anybody takes them up, so that all of them are one batch.
  const others = Array.from({ length: 20 }, (_, n) => ({ email: `${n}@example.com`, phone: `+1555020${n}` }));
  const [bad, ...good] = await Promise.all(
    [{ ...ann, full_name: "Anna" }, ...others].map((one) => yard.receive(one)),
  );
  await yard.start("second", startLeads, startIdentity);
  await Promise.all(good.map((id) => yard.reaches(id, "SubmissionRouted")));
  const history = await yard.reaches(bad as (typeof good)[number], "SubmissionDeadLettered");
  const { stage, reason } = dataIn(history, "SubmissionDeadLettered");
  assert.equal([stage, reason], ["identify", "the key of its person is damaged"]);
});

test.run();
