// Odd partners: what they are configured as, what they answer, and how much of it. None of it stops the role, or another partner.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import { partnerStream } from "#domain/partner/events.ts";
import { deliveryContext } from "#domain/seal-contexts.ts";
import { submissionEvents } from "#domain/submission/events.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import type { Sealed } from "#platform/vault/vault.ts";
import { until } from "../../test/harness/wait.ts";
import type { Routed } from "../../test/partners/route.ts";
import { dataOf, type PartnerYard, startPartnerYard } from "../../test/partners/yard.ts";
import { startRelay } from "../relay/app.ts";
import { startPartners } from "./app.ts";

const test = suite("odd partners");
let yard: PartnerYard;
let server: Server;
let url: string;
/** What each path of the partner's server answers with. */
const answers = new Map<string, { status?: number; body: string }>();
const received: string[] = [];

test.before(async () => {
  server = createServer(async (incoming, outgoing) => {
    received.push(Buffer.concat(await incoming.toArray()).toString());
    const { status = 200, body = "{}" } = answers.get(incoming.url ?? "") ?? {};
    outgoing.writeHead(status, { "content-type": "application/json" }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  yard = await startPartnerYard();
  await yard.start("one", startRelay, startPartners);
});
test.after(async () => {
  await yard?.stop();
  server.closeAllConnections();
  server.close();
});

async function answeringWith(id: string, body: string, settings: object = {}): Promise<StoredEvent[]> {
  answers.set(`/${id}`, { body });
  const partner = await yard.configure(id, { delivery: { type: "http", url: `${url}/${id}` }, ...settings });
  return yard.becomes(await yard.route(partner), "DeliverySucceeded");
}

async function store(type: string, data: object, schema = 1): Promise<void> {
  const event = { id: newUuid(), type, data, metadata: { schema, at: new Date().toISOString() } };
  await yard.own.eventStore().append(PARTNER_CONFIG_STREAM, "any", [event]);
}

async function opened(routed: Routed, sealed: unknown): Promise<Record<string, unknown>> {
  const vault = await yard.own.vault();
  return (await vault.open(sealed as Sealed, deliveryContext(routed.delivery_id))) as Record<string, unknown>;
}

test("a reason that no database takes is stored as one that it does", async () => {
  const response = { reason_path: "why" };
  const nul = await answeringWith("nul", '{"why":"a\\u0000b"}', { response });
  assert.is(await yard.toldIn(nul.at(-1)), "a\ufffdb");
  const why = `${"x".repeat(199)}\u{1f600}`;
  const cut = await answeringWith("cut", JSON.stringify({ why: `${why}z` }), { response });
  assert.is(await yard.toldIn(cut.at(-1)), why);
});

test("an answer that is nested too deep to be written again is kept as text", async () => {
  const deep = `{"why":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
  const events = await answeringWith("deep", deep, { response: { reason_path: "why" } });
  assert.ok(dataOf(events.at(-1)).sealed_response !== undefined);
});

test("a partner whose stored configuration can't be read is left alone; all others are started, paused and resumed", async () => {
  const other = await yard.configure("other");
  await store("PartnerConfigured", { partner: "unreadable", config: { name: 7, delivery: "none" } });
  await store("PartnerConfigured", { partner: "Not an id", config: {} });
  await store("PartnerPaused", {});
  await store("PartnerResumed", { partner: other, since: "\u0000" });
  await yard.tell(other, "PartnerPaused");
  const routed = await yard.route(other);
  const sentinel = await yard.configure("sentinel");
  await yard.becomes(await yard.route(sentinel), "DeliverySucceeded");
  assert.equal(await yard.partnerHistory(other, routed), []);
  await yard.tell(other, "PartnerResumed");
  await yard.becomes(routed, "DeliverySucceeded");

  const second = await yard.start("two", startPartners);
  const late = await yard.configure("late");
  await yard.becomes(await yard.route(late), "DeliverySucceeded");
  await second.stop();
});

test("a partner whose stored configuration can't be read has its mail kept, until it is configured again", async () => {
  const mended = await yard.configure("mended");
  await store("PartnerConfigured", { partner: mended, config: null });
  const sentinel = await yard.configure("sentinel");
  await yard.becomes(await yard.route(sentinel), "DeliverySucceeded");
  const routed = await yard.route(mended);
  await yard.becomes(await yard.route(sentinel), "DeliverySucceeded");
  assert.equal(await yard.partnerHistory(mended, routed), []);
  await yard.configure("mended");
  await yard.becomes(routed, "DeliverySucceeded");
});

test("a header that isn't one, stored before anybody checked, stops its partner and no other", async () => {
  const delivery = { type: "http", url: `${url}/unsendable`, headers: { "x-note": "a\nb" } };
  const partner = "unsendable";
  const config = { name: partner, enabled: true, delivery, idempotent: true };
  const usual = { retry: {}, circuit: {}, limits: {} };
  await store("PartnerConfigured", { partner, config: { ...config, ...usual } });
  const other = await yard.configure("other");
  const routed = await yard.route(partner as typeof other);
  await yard.becomes(await yard.route(other), "DeliverySucceeded");
  assert.equal(await yard.partnerHistory(partner as typeof other, routed), []);
  await yard.configure(partner);
  await yard.becomes(routed, "DeliverySucceeded");
});

const large = { email: "ann@example.com", text: "ä".repeat(127_000) };

test("a body of 254 KB is delivered, as it is and through a template, and is recorded as far as there is room", async () => {
  const plain = await yard.configure("plain", { delivery: { type: "http", url: `${url}/plain` } });
  const routed = await yard.route(plain, large);
  const events = await yard.becomes(routed, "DeliverySucceeded");
  assert.is(JSON.parse(received.at(-1) ?? "").text, large.text);
  const request = await opened(routed, dataOf(events[0]).sealed_request);
  assert.is((request.body as { text: string }).text, large.text);

  // Ten times as much as any event could hold.
  const places = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`copy_${n}`, "{{text}}"]));
  const delivery = { type: "http", url: `${url}/copies`, body: { ...places, to: "{{email}}" } };
  const copies = await yard.configure("copies", { delivery });
  answers.set("/copies", { body: JSON.stringify("\u0001".repeat(10_000)) });
  const copied = await yard.route(copies, large);
  const told = await yard.becomes(copied, "DeliverySucceeded");
  const sent = JSON.parse(received.at(-1) ?? "");
  assert.is(sent.copy_11, large.text);
  assert.is(sent.to, "ann@example.com");
  const recorded = await opened(copied, dataOf(told[0]).sealed_request);
  assert.is(recorded.truncated, true);
  assert.is(recorded.url, `${url}/copies`);
  assert.match(String(recorded.body), /^\{"copy_0":"ä{1000}/);
  assert.ok(Buffer.byteLength(JSON.stringify(recorded)) < 400_000);
});

test("a template that would make a request without end makes a dead letter, and no other mail waits for it", async () => {
  const places = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`copy_${n}`, "{{text}}"]));
  const delivery = { type: "http", url: `${url}/endless`, body: places };
  const endless = await yard.configure("endless", { delivery });
  const routed = await yard.route(endless, large);
  const events = await yard.becomes(routed, "DeliveryDeadLettered");
  assert.equal([dataOf(events.at(-1)).cause, dataOf(events.at(-1)).reason], ["poison", "request_too_large"]);
  await yard.becomes(await yard.route(endless, { text: "short" }), "DeliverySucceeded");
});

test("what is configured stands nowhere unsealed in the log, and no credential in a timeline", async () => {
  const delivery = {
    type: "http",
    url: `${url}/sealed?api_key=k3y-of-the-url&page=1`,
    headers: { "x-campaign": "c4mpaign", "x-pass": "p4ss-of-the-header", Authorization: "Bearer b34rer" },
    secret_headers: ["X-Pass"],
    body: { note: "t3mplate" },
  };
  const sealed = await yard.configure("sealed", { delivery });
  answers.set("/sealed?api_key=k3y-of-the-url&page=1", { body: '{"you_sent":"p4ss-of-the-header"}' });
  const routed = await yard.route(sealed);
  const events = await yard.becomes(routed, "DeliverySucceeded");
  const stored = await yard.own.eventStore().readStream(PARTNER_CONFIG_STREAM);
  const config = stored.filter(({ data }) => (data as { partner?: string }).partner === "sealed");
  assert.not.match(
    JSON.stringify(config.map(({ data }) => data)),
    /k3y|127\.0\.0\.1|c4mpaign|p4ss|b34rer|t3mplate/,
  );
  const request = await opened(routed, dataOf(events[0]).sealed_request);
  const response = await opened(routed, dataOf(events[1]).sealed_response);
  assert.not.match(JSON.stringify([request, response]), /k3y|p4ss|b34rer/);
  assert.is(request.url, `${url}/sealed?api_key=…&page=1`);
  assert.equal((request.headers as Record<string, string>)["x-campaign"], "c4mpaign");
  assert.equal((request.headers as Record<string, string>)["x-pass"], "…");
});

test("a partner whose stream holds what nobody of ours wrote is started all the same", async () => {
  const partner = await yard.configure("scribbled");
  const at = new Date().toISOString();
  const types = ["DeliveryStarted", "DeliverySucceeded", "CircuitClosed", "PartnerRetired"];
  const malformed = types.map((type) => ({
    id: newUuid(),
    type,
    data: { partner: 7 },
    metadata: { schema: 1, at },
  }));
  await yard.own.eventStore().append(partnerStream(partner), "any", malformed);
  await yard.says(partner, { type: "CircuitClosed", data: { partner } });
  await yard.becomes(await yard.route(partner), "DeliverySucceeded");
});

test("a delivery that a newer release asks for waits for it, and is no dead letter", async () => {
  const partner = await yard.configure("newer");
  const submission_id = newUuid();
  const route = { partner, delivery_id: newUuid(), hint: "new" };
  const metadata = { schema: submissionEvents.SubmissionRouted.version + 1, at: new Date().toISOString() };
  const newer = { id: newUuid(), type: "SubmissionRouted", data: { submission_id, route }, metadata };
  await yard.own.eventStore().append(`submission-${submission_id}`, "no_stream", [newer]);
  const bus = await yard.own.bus();
  await yard.becomes(await yard.route(partner), "DeliverySucceeded");
  await until("the other waits", async () => (await bus.consumerState("partner-newer"))?.ackPending === 1);
  const history = await yard.partnerHistory(partner);
  assert.not.ok(
    history.some(({ data }) => (data as { submission_id?: string }).submission_id === submission_id),
  );
});

test.run();
