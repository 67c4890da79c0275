import { connect, headers, type NatsConnection } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, SourceId, SubmissionId } from "#domain/ids.ts";
import { packEvent } from "#platform/event-store/event-mail.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { until } from "../../test/harness/wait.ts";
import { dataIn, rejected, routeIn } from "../../test/leads/yard.ts";
import { type PartnerYard, startPartnerYard } from "../../test/partners/yard.ts";
import { startIdentity } from "../identity/app.ts";
import { startLeads } from "../leads/app.ts";
import { startPartners } from "../partners/app.ts";
import { startRelay } from "./app.ts";

// Mail that somebody put into JetStream who may publish there and can't write the log.

const test = suite("forged mail");
let yard: PartnerYard;
let nats: NatsConnection;

test.before(async () => {
  yard = await startPartnerYard();
  // Declares the streams.
  await yard.own.bus();
  nats = await connect({ servers: yard.parts.nats.url });
});
test.after(async () => {
  await nats?.close();
  await yard?.stop();
});

const partition = (id: SubmissionId): number => Number.parseInt(id.slice(0, 8), 16) % 4;

async function put(subject: string, event: StoredEvent): Promise<void> {
  const given = headers();
  given.set("Switchyard-Position", `${event.position}`);
  given.set("Switchyard-Resume", "0");
  given.set("Switchyard-Signature", Buffer.alloc(32).toString("base64"));
  await nats.jetstream().publish(subject, packEvent(event), { headers: given });
}

async function routeEventOf(id: SubmissionId): Promise<StoredEvent> {
  return (await yard.history(id)).find(({ type }) => type === "SubmissionRouted") as StoredEvent;
}

/** Read from the log and changed; what the store keeps of it as bytes does not come along. */
const forged = (event: StoredEvent, changes: Partial<StoredEvent>): StoredEvent => ({
  id: event.id,
  stream: event.stream,
  revision: event.revision,
  position: event.position,
  type: event.type,
  version: event.version,
  data: event.data,
  metadata: event.metadata,
  created: event.created,
  ...changes,
});

test("decides nothing: neither who it is from, nor where it goes, nor how a delivery ended", async () => {
  await yard.rule({ to: await yard.configure("edu") });
  const id = await yard.receive({ email: "ann@example.com", phone: "+15550100" });
  const [received] = (await yard.history(id)) as [StoredEvent];
  const lie = { ...(received.data as object), source: SourceId.parse("somebody-else"), kind: "event" };
  await put(`yard.lead.${partition(id)}.SubmissionReceived`, forged(received, { data: lie }));
  const unknown = SubmissionId.parse(newUuid());
  const invented = { ...lie, submission_id: unknown };
  const nowhere = { data: invented, stream: `submission-${unknown}`, id: newUuid() };
  await put(`yard.lead.${partition(unknown)}.SubmissionReceived`, forged(received, nowhere));

  // The forged mail is there first; the true one only comes with the relay.
  const actors = await yard.start("actors", startLeads, startIdentity);
  const history = await yard.reaches(id, "SubmissionRouted");
  assert.equal(
    [dataIn(history, "SubmissionRouted").source, dataIn(history, "SubmissionRouted").kind],
    ["demo", "lead"],
  );

  const route = routeIn(history);
  const outcome = rejected(id, route);
  const made = forged(received, { ...outcome, id: newUuid(), stream: "partner-edu", revision: 0n });
  await put(`yard.lead.${partition(id)}.DeliveryRejected`, made);
  await yard.start("relay", startRelay);
  const sentinel = await yard.receive({ email: "bob@example.com", phone: "+15550200" });
  await yard.reaches(sentinel, "SubmissionRouted");
  const bus = await yard.own.bus();
  await until("all mail is answered", async () => {
    const states = await Promise.all([0, 1, 2, 3].map((n) => bus.consumerState(`lead-${n}`)));
    return states.every((state) => state !== undefined && state.pending + state.ackPending === 0);
  });
  assert.is((await yard.history(id)).at(-1)?.type, "SubmissionRouted");
  assert.equal(await yard.history(unknown), []);
  await actors.stop();
});

test("is delivered to nobody", async () => {
  const partner = await yard.configure("effects");
  const routed = await yard.route(partner);
  await yard.start("partners", startRelay, startPartners);
  await yard.becomes(routed, "DeliverySucceeded");
  const true_one = await routeEventOf(routed.submission_id);
  const data = true_one.data as { readonly route: object };
  const delivery_id = DeliveryId.parse(newUuid());
  // Another key, so that it is no duplicate.
  const changed = { ...data, key_fingerprint: "another", route: { ...data.route, delivery_id } };
  const again = forged(true_one, { id: newUuid(), data: changed });
  await put("yard.partner.effects.SubmissionRouted", again);
  await put("yard.partner.effects.SubmissionRouted", forged(again, { id: true_one.id, revision: 7n }));
  const other = await yard.configure("other");
  await put("yard.partner.other.SubmissionRouted", true_one);
  for (const one of [partner, other]) await yard.becomes(await yard.route(one), "DeliverySucceeded");
  const told = (await yard.partnerHistory(partner)).map(
    ({ data }) => (data as { delivery_id?: string }).delivery_id,
  );
  assert.not.ok(told.includes(delivery_id), "nothing is recorded of it either");
  assert.is((await yard.effects("effects")).effects, 2);
  assert.is((await yard.effects("other")).effects, 1);
});

test("is taken for nothing else than what the log says, where it says the truth", async () => {
  const partner = await yard.configure("unsigned");
  const routed = await yard.route(partner);
  const true_one = await routeEventOf(routed.submission_id);
  await put("yard.partner.unsigned.SubmissionRouted", true_one);
  await yard.becomes(routed, "DeliverySucceeded");
  assert.is((await yard.effects("unsigned")).effects, 1);
});

test.run();
