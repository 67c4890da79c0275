import { binaryEvent, EventStoreDBClient, jsonEvent } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import { PartnerId, SubmissionId } from "#domain/ids.ts";
import { partnerStream } from "#domain/partner/events.ts";
import { submissionStream } from "#domain/submission/events.ts";
import { unpackEvent } from "#platform/event-store/event-mail.ts";
import { newUuid } from "#platform/ids.ts";
import { until } from "../../test/harness/wait.ts";
import { dataIn, rejected, routeIn, startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { startIdentity } from "../identity/app.ts";
import { startLeads } from "../leads/app.ts";
import { startProjections } from "../projections/app.ts";
import { startRelay } from "./app.ts";

// Events that nobody of ours writes stand in every stream that is read: all go on, also those who read the streams anew.

const test = suite("a log with odd events");
const EDU = PartnerId.parse("edu");
let yard: TestYard;
let client: EventStoreDBClient;

test.before(async () => {
  yard = await startTestYard({ leadPartitions: 1 });
  await yard.partner("edu");
  await yard.rule({ to: EDU });
  client = EventStoreDBClient.connectionString(yard.parts.store.connectionString);
});
test.after(async () => {
  await client?.dispose();
  await yard?.stop();
});

const at = new Date().toISOString();
const ours = { schema: 1, at };

/** Written as by us, and never what we write. */
function malformed(...types: string[]) {
  const data = [null, "text", 7, [], {}, { submission_id: 7, person_id: 7, route: { partner: "a.b.>" } }];
  return types.flatMap((type) =>
    data.map((one) => jsonEvent({ type, data: one as never, metadata: ours, id: newUuid() })),
  );
}

const foreign = () => [
  jsonEvent({ type: "Odd", data: { any: "thing" } }),
  jsonEvent({ type: "\u0000 odd > type.*", data: {} }),
  binaryEvent({ type: "NoJson", data: Buffer.from([0xff, 0xfe, 0x00]) }),
  binaryEvent({ type: "SubmissionReceived", data: Buffer.from("no json"), metadata: Buffer.from("{") }),
];

async function allGoOn(): Promise<void> {
  const id = await yard.receive({ email: `${newUuid()}@example.com`, phone: newUuid() });
  const route = routeIn(await yard.reaches(id, "SubmissionRouted"));
  await yard.says("edu", rejected(id, route));
  await yard.reaches(id, "SubmissionRejected");
}

test("goes on for everybody who is at work, and for everybody who starts", async () => {
  const submissions = malformed(
    "SubmissionReceived",
    "SubmissionRouted",
    "SubmissionRedriven",
    "PersonIdentified",
    "SubmissionDeadLettered",
  );
  const outcomes = malformed("DeliveryRejected", "DeliveryRejected", "DeliveryDeadLettered");
  const persons = malformed(
    "PersonRegistered",
    "AliasRecorded",
    "PersonsMerged",
    "PersonsSplit",
    "PersonForgotten",
  );
  const odd = async (): Promise<void> => {
    const id = SubmissionId.parse(newUuid());
    await client.appendToStream(submissionStream(id), [...foreign(), ...submissions]);
    await client.appendToStream(partnerStream(EDU), [...foreign(), ...outcomes]);
    await client.appendToStream(IDENTITY_STREAM, [...foreign(), ...persons]);
    await client.appendToStream("elsewhere", foreign());
  };
  const roles = [startRelay, startIdentity, startLeads, startProjections];
  await odd();
  const first = await yard.start("first", ...roles);
  await allGoOn();
  for (const list of [submissions, outcomes, persons]) for (const one of list) one.id = newUuid();
  await odd();
  await allGoOn();
  await first.stop();
  const second = await yard.start("second", ...roles);
  await allGoOn();
  await second.stop();
});

test("knows people as before where the identity stream says what can't have happened", async () => {
  const worker = await yard.start("worker", startRelay, startIdentity, startLeads);
  const ann = { email: "ann@example.com", phone: "+15550100" };
  const bob = { email: "bob@example.com", phone: "+15550200" };
  const identified = async (person: typeof ann): Promise<string> =>
    dataIn(await yard.reaches(await yard.receive(person), "SubmissionRouted"), "PersonIdentified")
      .person_id as string;
  const [first, second, nobody] = [await identified(ann), await identified(bob), newUuid()];
  await worker.stop();
  const submission_id = newUuid();
  const about = { submission_id, traits: { email: "x" }, sealed: { key: "k", iv: "", tag: "", data: "" } };
  const said = (type: string, data: object) => jsonEvent({ type, data: data as never, metadata: ours });
  await client.appendToStream(IDENTITY_STREAM, [
    said("PersonsMerged", { into: nobody, from: first, submission_id }),
    said("PersonsMerged", { into: first, from: first, submission_id }),
    said("PersonsSplit", { into: second, from: first }),
    said("AliasRecorded", { ...about, person_id: nobody, alias_id: newUuid(), differs: [] }),
    said("PersonRegistered", { ...about, person_id: first }),
    said("PersonForgotten", { person_id: nobody, persons: [nobody], raw_readable_until: at }),
    said("PersonsMerged", { into: first, from: second, submission_id }),
    said("PersonsMerged", { into: second, from: first, submission_id }),
  ]);
  const next = await yard.start("next", startRelay, startIdentity, startLeads);
  assert.is(await identified(ann), first);
  assert.is(await identified(bob), first, "what could have happened counts");
  await next.stop();
});

test("mails what a newer release wrote to whoever must react, where it waits for that release", async () => {
  const relay = await yard.start("relay", startRelay);
  const id = SubmissionId.parse(newUuid());
  const newer = { submission_id: id, received_at: { seconds: 1 }, more: true };
  await client.appendToStream(submissionStream(id), [
    jsonEvent({ type: "SubmissionReceived", data: newer, metadata: { schema: 2, at } }),
  ]);
  const bus = await yard.own.bus();
  const version = await until("it is published", async () => {
    const last = await bus.lastMessage();
    const mailed = last !== undefined && last.data.length > 0 && unpackEvent(last.data);
    return mailed && mailed.stream === submissionStream(id) && mailed.version;
  });
  assert.is(version, 2);
  await relay.stop();
});

test.run();
