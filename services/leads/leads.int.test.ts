import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sealed } from "#domain/event.ts";
import { PartnerId, PersonId, type SubmissionId } from "#domain/ids.ts";
import type { RouteTarget } from "#domain/rules/rule.ts";
import { type Outcome, type SubmissionCommand, submissionDecider } from "#domain/submission/decide.ts";
import { Decided, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { factsOf, seedOf } from "#domain/submission/route.ts";
import type { SubmissionState } from "#domain/submission/state.ts";
import { Submission } from "#domain/submission/submission.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { decodeKnown } from "#platform/fold-stream.ts";
import { newUuid } from "#platform/ids.ts";
import { until } from "../../test/harness/wait.ts";
import { dataIn, rejected, routeIn, startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { startIdentity } from "../identity/app.ts";
import { startRelay } from "../relay/app.ts";
import { startLeads } from "./app.ts";
import { createLeads, deliveryIdsOf } from "./leads.ts";

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

test("identify and route what was received, and end it when the partner declines", async () => {
  const id = await yard.receive({ email: "ann@example.com", phone: "+15550100" });
  const routed = await yard.reaches(id, "SubmissionRouted");
  assert.equal(types(routed), ["SubmissionReceived", "PersonIdentified", "SubmissionRouted"]);
  const { person_id, match } = dataIn(routed, "PersonIdentified");
  assert.is(match, "new");
  assert.ok(PersonId.safeParse(person_id).success);

  const route = routeIn(routed);
  assert.is(route.partner, "edu");
  assert.is(routed.at(-1)?.version, submissionEvents.SubmissionRouted.version);
  const decided = Decided.parse(dataIn(routed, "SubmissionRouted").decided);
  assert.equal([decided.seed, decided.closed], [seedOf(id), []]);
  await yard.says("edu", rejected(id, route));
  await yard.reaches(id, "SubmissionRejected");
});

test("send on what a partner has no room for, and reject it where nobody follows", async () => {
  await yard.rule({ waterfall: [edu, fin] });
  const id = await until("the new rule routes", async () => {
    const one = await yard.receive({ email: `${newUuid()}@example.com` });
    return routeIn(await yard.reaches(one, "SubmissionRouted")).remaining.length === 1 && one;
  });
  const passedOn = ({ partner, delivery_id }: ReturnType<typeof routeIn>): Outcome => ({
    type: "DeliveryPassedOn",
    data: { partner, delivery_id, submission_id: id, attempts: 0, reason: "cap_day" },
  });
  const first = routeIn(await yard.history(id));
  await yard.says("edu", passedOn(first));
  const second = await until("it is routed on", async () => {
    const route = routeIn(await yard.history(id));
    return route.leg === 2 && route;
  });
  assert.equal([second.partner, second.remaining], ["fin", []]);
  await yard.says("fin", passedOn(second));
  assert.is(dataIn(await yard.reaches(id, "SubmissionRejected"), "SubmissionRejected").reason, "cap_day");
  await yard.rule({ to: edu });
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

test("route what is as large as the store takes it, also where two of it are more than one append takes", async () => {
  // As large as what the intake takes can become when its numbers are written out, and more.
  const numbers = Array.from({ length: 63_000 }, () => 1e9);
  const large = await yard.receive({ email: "large@example.com" }, { payload: { numbers } });
  const history = await yard.reaches(large, "SubmissionRouted");
  assert.equal(types(history), ["SubmissionReceived", "PersonIdentified", "SubmissionRouted"]);
  await yard.says("edu", rejected(large, routeIn(history)));
  await yard.reaches(large, "SubmissionRejected");
});

test("find the same person again", async () => {
  const person = { email: "bob@example.com", phone: "+15550111", full_name: "Bob" };
  const first = await yard.reaches(await yard.receive(person), "SubmissionRouted");
  const again = await yard.reaches(await yard.receive({ ...person, email: "b@b.com" }), "SubmissionRouted");
  const [one, other] = [first, again].map((history) => dataIn(history, "PersonIdentified"));
  assert.is(other?.person_id, one?.person_id);
  assert.is(other?.match, "alias");
});

test("tell the rules how many leads the person has sent, and keep it sealed with the payload", async () => {
  const payload = { person: { lead_count: 99 } };
  const person = { email: "cleo@example.com", phone: "+15550177" };
  const vault = await yard.own.vault();
  const told: unknown[] = [];
  for (let n = 0; n < 3; n += 1) {
    const id = await yard.receive(person, { payload });
    const { sealed } = dataIn(await yard.reaches(id, "SubmissionRouted"), "SubmissionRouted");
    const submission = Submission.parse(await vault.open(sealed as Sealed, `submission-${id}`));
    assert.equal(submission.payload, payload);
    told.push(factsOf(submission).person);
  }
  assert.equal(told, [{ lead_count: 1 }, { lead_count: 2 }, { lead_count: 3 }]);
});

test("ask nobody about what names nobody", async () => {
  const id = await yard.receive({}, { payload: { description: "help" } });
  const history = await yard.reaches(id, "SubmissionRouted");
  const { match, sealed: twice } = dataIn(history, "PersonIdentified");
  assert.is(match, "nobody");
  assert.is(twice, undefined, "one append holds the payload once");
  assert.match((dataIn(history, "SubmissionRouted").sealed as Sealed).key, /^nobody-\d{4}-\d\d$/);
});

/** Rules take a moment to reach a router: the first submission that was decided as they want it, with its history. */
async function firstUnder(route: RouteTarget, isAsWanted: (history: readonly StoredEvent[]) => boolean) {
  await yard.rule(route);
  return until("the rules are in force", async () => {
    const id = await yard.receive({ email: `${newUuid()}@example.com`, phone: "+15550122" });
    const history = await longerThan(1, id);
    return isAsWanted(history) && { id, history };
  });
}

const longerThan = (count: number, id: SubmissionId): Promise<StoredEvent[]> =>
  until(`${id} has more than ${count} events`, async () => {
    const history = await yard.history(id);
    return history.length > count && history;
  });

test("go on to the next of a waterfall, and are rejected when the last one declines", async () => {
  const { id, history } = await firstUnder(
    { waterfall: [edu, fin] },
    (found) => routeIn(found).remaining.length > 0,
  );
  const first = routeIn(history);
  assert.equal([first.partner, first.leg, first.remaining], ["edu", 1, ["fin"]]);
  await yard.says("edu", rejected(id, first));

  const second = routeIn(await longerThan(history.length, id));
  assert.equal([second.partner, second.leg, second.remaining], ["fin", 2, []]);
  assert.is.not(second.delivery_id, first.delivery_id);
  // Told again, as after a lost acknowledgement, it changes nothing.
  await yard.says("edu", rejected(id, first));
  await yard.says("fin", rejected(id, second));

  const ended = await yard.reaches(id, "SubmissionRejected");
  assert.equal(types(ended), [
    "SubmissionReceived",
    "PersonIdentified",
    "SubmissionRouted",
    "SubmissionRouted",
    "SubmissionRejected",
  ]);
  const { partner, delivery_id, reason } = dataIn(ended, "SubmissionRejected");
  assert.equal([partner, delivery_id, reason], ["fin", second.delivery_id, "no"]);
});

test("dead-letter what leads nowhere, after its tries", async () => {
  const { id } = await firstUnder(
    { to: PartnerId.parse("closed") },
    (history) => history.at(-1)?.type === "PersonIdentified",
  );
  const reached = await yard.reaches(id, "SubmissionDeadLettered");
  assert.equal(types(reached), ["SubmissionReceived", "PersonIdentified", "SubmissionDeadLettered"]);
  const { stage, reason, attempts } = dataIn(reached, "SubmissionDeadLettered");
  assert.equal(
    [stage, reason, attempts],
    ["route", "rule only leads nowhere: partner closed is disabled", 3],
  );
});

test("are forgotten when too many are at hand, and folded anew when they are needed", async () => {
  const receive = (n: number) => yard.receive({ email: `m${n}@example.com`, phone: `+15551${n}` });
  const { id: first, history } = await firstUnder(
    { to: edu },
    (found) => found.at(-1)?.type === "SubmissionRouted",
  );
  const others = [await receive(2), await receive(3)];
  const leads = createLeads(yard.own.eventStore(), 2);
  for (const id of [first, ...others]) {
    await yard.reaches(id, "SubmissionRouted");
    await leads.load(id);
  }
  assert.is(leads.atHand(first), undefined);
  for (const id of others) assert.is(leads.atHand(id)?.state.status, "queued");

  const outcome: Outcome = rejected(first, routeIn(history));
  const [cause] = history.slice(-1);
  assert.ok(cause);
  const record = (): SubmissionCommand => ({
    type: "record_outcome",
    outcome,
    isOpen: () => true,
    deliveryId: deliveryIdsOf(first),
  });
  const ended = await leads.act(first, cause, record);
  assert.is(ended.accepted && ended.state.status, "rejected");
  assert.is(leads.atHand(first), undefined, "what has ended takes no room");
  const again = await leads.act(first, cause, record);
  assert.is(!again.accepted && again.reason, "already_ended");
});

function commandIn(state: SubmissionState | undefined): SubmissionCommand {
  assert.ok(state);
  const deliveryId = deliveryIdsOf(state.id);
  if (state.status === "dead_lettered") return { type: "redrive" };
  if (state.dead !== undefined) return { type: "deliver_again", deliveryId };
  return { type: "record_outcome", outcome: exhausted(state), isOpen: () => true, deliveryId };
}

function exhausted({ id: submission_id, route }: SubmissionState): Outcome {
  assert.ok(route);
  const { partner, delivery_id } = route;
  const data = { submission_id, partner, delivery_id, attempts: 1, reason: "x" };
  return { type: "DeliveryDeadLettered", data: { ...data, cause: "retries_exhausted" } };
}

test("are folded from a snapshot, however much has happened", async () => {
  const { id, history } = await firstUnder({ to: edu }, (found) => found.at(-1)?.type === "SubmissionRouted");
  const eventStore = yard.own.eventStore();
  // Fetched back from the dead letters over and over.
  const codec = createCodec(submissionEvents);
  const { evolve, decide, initial } = submissionDecider;
  let state = history.map(decodeKnown(codec)).reduce(evolve, initial);
  let revision = BigInt(history.length - 1);
  const write = async (count: number): Promise<void> => {
    const events = [];
    for (let n = 0; n < count; n += 1) {
      const decision = decide(commandIn(state), state);
      assert.ok(decision.accepted);
      for (const event of decision.events) {
        state = evolve(state, event);
        events.push(codec.encode(event, { id: newUuid(), at: new Date().toISOString() }));
      }
    }
    revision = (await eventStore.append(submissionStream(id), revision, events)).revision;
  };
  for (let n = 0; n < 20; n += 1) await write(500);

  /** How many events a process reads that has never seen this lead. */
  const readToFold = async (): Promise<number> => {
    let read = 0;
    const counting: EventStore = {
      ...eventStore,
      async *streamEvents(...args) {
        for await (const stored of eventStore.streamEvents(...args)) {
          read += 1;
          yield stored;
        }
      },
    };
    const lead = await createLeads(counting).load(id);
    assert.is(lead.revision, revision);
    assert.equal(lead.state, state);
    return read;
  };
  // The actors of the yard may have taken snapshots on the way.
  await readToFold();
  const read = await readToFold();
  assert.ok(read <= 500, `${read} events after the newest snapshot`);
});

test.run();
