import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RoutingService } from "#domain/routing-service/service.ts";

import { until } from "../../test/harness/wait.ts";
import { createSimulator, type Simulator } from "../simulator/app.ts";
import { Interrupted, ServiceFailure, ServiceResting } from "./failure.ts";
import { type AskedServices, askedServices } from "./routing-services.ts";

const test = suite("routing services as a process asks them");
const OPEN_MS = 300;
const partners = new Set(["edu", "fin"]);
let simulator: Simulator;
let services: AskedServices;
const never = new AbortController().signal;

test.before(async () => {
  simulator = await createSimulator();
});
test.before.each(() => {
  services = askedServices({ allowPrivate: true, log: pino({ level: "silent" }), openMs: OPEN_MS });
});
test.after.each(() => services.close());
test.after(() => simulator.close());

async function service(name: string, settings: object, more: object = {}): Promise<RoutingService> {
  const answer = await fetch(`${simulator.url}/partners/${name}`, {
    method: "PUT",
    body: JSON.stringify(settings),
  });
  assert.is(answer.status, 200);
  return RoutingService.parse({ url: `${simulator.url}/partners/${name}`, ...more });
}

const totals = async (name: string) =>
  (await (await fetch(`${simulator.url}/partners/${name}`)).json()) as Record<string, number>;

function ask(name: string, settings: RoutingService, signal = never, id = randomUUID()) {
  const question = { id, rule: "only", facts: { interest: "Art" } };
  const asking = {
    question,
    trace: "0".repeat(31).concat("1"),
    partnerExists: (one: string) => partners.has(one),
  };
  return services.ask(name, settings, asking, signal);
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => assert.unreachable("it has answered"),
    (error: unknown) => error,
  );

test("are sent the facts, and their answer is read", async () => {
  const settings = await service("good", { chooses: "fin", reason: "it is near" });
  const id = randomUUID();
  assert.equal(await ask("good", settings, never, id), {
    service: "good",
    partner: "fin",
    reason: "it is near",
  });
  await ask("good", settings, never, id);
  const { items } = (await (await fetch(`${simulator.url}/partners/good/requests`)).json()) as {
    items: { headers: Record<string, string>; body: string }[];
  };
  assert.equal(JSON.parse(items[0]?.body ?? ""), { id, rule: "only", facts: { interest: "Art" } });
  const [first, second] = items.map(({ headers }) => headers["idempotency-key"]);
  assert.ok(first);
  assert.is(second, first, "the same question has the same key");
});

test("fail where they name no partner, say nothing that can be read, or are away", async () => {
  const reasons: [string, RoutingService, RegExp][] = [
    ["stranger", await service("stranger", { chooses: "gone" }), /"gone", which is no partner/],
    ["odd", await service("odd", { chooses: "*.>" }), /which is no partner/],
    ["mute", await service("mute", {}), /no partner/],
    ["half", await service("half", { behaviour: "malformed" }), /no partner/],
    ["down", await service("down", { behaviour: "failing" }), /http 503/],
    ["slow", await service("slow", { behaviour: "hanging" }, { timeout_ms: 50 }), /timeout/],
    ["nobody", RoutingService.parse({ url: "http://127.0.0.1:9/" }), /econnrefused/],
  ];
  for (const [name, settings, reason] of reasons) {
    const error = await failureOf(ask(name, settings));
    assert.instance(error, ServiceFailure, name);
    assert.match((error as ServiceFailure).message, reason);
    assert.is((error as ServiceFailure).stage, "route");
  }
});

test("are left alone after failures in a row, and asked by one call when their time is over", async () => {
  const settings = await service("dead", { behaviour: "failing" });
  for (let n = 0; n < 5; n += 1) assert.instance(await failureOf(ask("dead", settings)), ServiceFailure);
  assert.instance(await failureOf(ask("dead", settings)), ServiceResting);
  assert.is((await totals("dead")).requests, 5);

  await service("dead", { chooses: "edu", delay_ms: 100 });
  await until("the circuit lets one through", async () => {
    const many = await Promise.allSettled(Array.from({ length: 10 }, () => ask("dead", settings)));
    const answered = many.filter(({ status }) => status === "fulfilled").length;
    assert.ok(answered <= 1, `${answered} at once`);
    return answered === 1;
  });
  assert.is((await ask("dead", settings)).partner, "edu");
});

test("take no more calls at once than they may, and hold up nobody else", async () => {
  const slow = await service("busy", { chooses: "edu", delay_ms: 2_000 }, { concurrency: 4 });
  const waiting = Array.from({ length: 300 }, () => ask("busy", slow));
  const settled = Promise.allSettled(waiting);
  await until("its slots are taken", async () => (await totals("busy")).in_flight === 4);
  const quick = await service("quick", { chooses: "fin" });
  const began = performance.now();
  for (let n = 0; n < 20; n += 1) assert.is((await ask("quick", quick)).partner, "fin");
  assert.ok(performance.now() - began < 1_900, "before any of the others was answered");
  const { max_in_flight } = await totals("busy");
  assert.is(max_in_flight, 4);
  const early = await Promise.race([Promise.allSettled(waiting.slice(-20)), settled]);
  // Whoever is beyond the queue comes again later.
  assert.ok(early.some((one) => one.status === "rejected" && one.reason instanceof ServiceResting));
});

test("are left when the process has to stop", async () => {
  const settings = await service("endless", { behaviour: "hanging" });
  const stopping = new AbortController();
  const asked = failureOf(ask("endless", settings, stopping.signal));
  await until("it is asked", async () => (await totals("endless")).in_flight === 1);
  stopping.abort();
  assert.instance(await asked, Interrupted);
});

test("are never called at a private address where that is not allowed", async () => {
  let calls = 0;
  const server = createServer((_incoming: IncomingMessage, outgoing) => {
    calls += 1;
    outgoing.end('{"partner":"edu"}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const strict = askedServices({ allowPrivate: false, log: pino({ level: "silent" }) });
  const asking = {
    question: { id: randomUUID(), rule: "r", facts: {} },
    trace: "1",
    partnerExists: () => true,
  };
  const error = await failureOf(strict.ask("inner", RoutingService.parse({ url }), asking, never));
  assert.match((error as Error).message, /private_address_refused/);
  assert.is(calls, 0);
  await strict.close();
  server.close();
});

test("let go at once of whoever may not go on, also of who waits for a slot", async () => {
  const settings = await service("busy", { behaviour: "hanging" }, { concurrency: 1, timeout_ms: 20_000 });
  const [first, second] = [new AbortController(), new AbortController()];
  const asked = failureOf(ask("busy", settings, first.signal));
  await until("it is asked", async () => (await totals("busy")).in_flight === 1);
  const waits = failureOf(ask("busy", settings, second.signal));
  second.abort();
  assert.instance(await Promise.race([waits, pause(5_000)]), Interrupted);
  first.abort();
  assert.instance(await asked, Interrupted);
});

test("use up no try of who waits for a slot while the service is configured anew", async () => {
  const first = await service("renewed", { chooses: "edu", delay_ms: 1_000 }, { concurrency: 1 });
  const asked = ask("renewed", first);
  await until("it is asked", async () => (await totals("renewed")).in_flight === 1);
  const waits = failureOf(ask("renewed", first));
  const again = await ask("renewed", await service("renewed", { chooses: "fin" }));
  assert.is(again.partner, "fin");
  assert.instance(await waits, Interrupted);
  assert.is((await asked).partner, "edu");
});

test.run();
