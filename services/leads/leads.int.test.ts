import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sealed } from "#domain/event.ts";
import { PartnerId, PersonId } from "#domain/ids.ts";
import { dataIn, rejected, routeIn, startTestYard, succeeded, type TestYard } from "../../test/leads/yard.ts";
import { startIdentity } from "../identity/app.ts";
import { startRelay } from "../relay/app.ts";
import { startLeads } from "./app.ts";

const test = suite("lead actors");
let yard: TestYard;
const [edu, fin] = [PartnerId.parse("edu"), PartnerId.parse("fin")];
const types = (history: readonly { type: string }[]): string[] => history.map(({ type }) => type);

test.before(async () => {
  yard = await startTestYard();
  await yard.partner("edu");
  await yard.partner("fin");
  await yard.partner("closed", false);
  await yard.rule({ to: edu });
  await yard.start("one", startRelay, startIdentity, startLeads);
});
test.after(() => yard.stop());

test("identify and route what was received, and conclude with the partner's word", async () => {
  const id = await yard.receive({ email: "ann@example.com", phone: "+15550100" });
  const routed = await yard.reaches(id, "SubmissionRouted");
  assert.equal(types(routed), ["SubmissionReceived", "PersonIdentified", "SubmissionRouted"]);
  const { person_id, match } = dataIn(routed, "PersonIdentified");
  assert.is(match, "new");
  assert.ok(PersonId.safeParse(person_id).success);

  const route = routeIn(routed);
  assert.is(route.partner, "edu");
  await yard.says("edu", succeeded(id, route));
  await yard.reaches(id, "SubmissionDelivered");
});

test("reseal the payload under the person's key, readable by who delivers it", async () => {
  const id = await yard.receive(
    { email: "eve@example.com", phone: "+15550199" },
    { payload: { interest: "Art" } },
  );
  const history = await yard.reaches(id, "SubmissionRouted");
  const { sealed, person_id } = dataIn(history, "SubmissionRouted");
  assert.is((sealed as Sealed).key, `person-${person_id}`);
  const vault = await yard.own.vault();
  const opened = (await vault.open(sealed as Sealed, `submission-${id}`)) as { payload: object };
  assert.equal(opened.payload, { interest: "Art" });
});

test("find the same person again", async () => {
  const person = { email: "bob@example.com", phone: "+15550111", full_name: "Bob" };
  const first = await yard.reaches(await yard.receive(person), "SubmissionRouted");
  const again = await yard.reaches(await yard.receive({ ...person, email: "b@b.com" }), "SubmissionRouted");
  const [one, other] = [first, again].map((history) => dataIn(history, "PersonIdentified"));
  assert.is(other?.person_id, one?.person_id);
  assert.is(other?.match, "alias");
});

test("ask nobody about what names nobody", async () => {
  const id = await yard.receive({}, { payload: { description: "help" } });
  const history = await yard.reaches(id, "SubmissionRouted");
  const { match, sealed } = dataIn(history, "PersonIdentified");
  assert.is(match, "nobody");
  assert.match((sealed as Sealed).key, /^nobody-\d{4}-\d\d$/);
});

test("go on to the next of a waterfall", async () => {
  await yard.rule({ waterfall: [edu, fin] });
  // Rules take a moment to reach every router, so a submission may still meet the older ones.
  for (let seen = ""; seen !== "fin"; ) {
    const id = await yard.receive({ email: "w@example.com", phone: "+15550122" });
    const route = routeIn(await yard.reaches(id, "SubmissionRouted"));
    seen = route.remaining[0] ?? "";
    await yard.says(route.partner, rejected(id, route));
    if (seen === "") {
      await yard.reaches(id, "SubmissionRejected");
      continue;
    }
    const second = await yard.reaches(id, "SubmissionRouted").then(async (history) => {
      if (routeIn(history).partner === "fin") return routeIn(history);
      return routeIn(await yard.reaches(id, "SubmissionRouted"));
    });
    if (second.partner !== "fin") continue;
    await yard.says("fin", rejected(id, second));
    await yard.reaches(id, "SubmissionRejected");
  }
});

test("dead-letter what leads nowhere, after its tries", async () => {
  await yard.rule({ to: PartnerId.parse("closed") });
  for (;;) {
    const id = await yard.receive({ email: "d@example.com", phone: "+15550133" });
    const reached = await yard.reaches(id, "SubmissionDeadLettered", 4_000).catch(() => undefined);
    if (reached === undefined) continue;
    assert.equal(types(reached), ["SubmissionReceived", "PersonIdentified", "SubmissionDeadLettered"]);
    const { stage, reason, attempts } = dataIn(reached, "SubmissionDeadLettered");
    assert.equal(
      [stage, reason, attempts],
      ["route", "rule only leads nowhere: partner closed is disabled", 3],
    );
    break;
  }
});

test.run();
