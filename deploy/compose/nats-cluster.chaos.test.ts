// Three real nats-servers as deploy/compose.cluster.yml has them, every stream on all of them, and the leader killed under load.
import { randomUUID } from "node:crypto";
import { connect, type JetStreamManager, type NatsConnection } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { effectsAt } from "../../test/e2e/demo-partners.ts";
import { until } from "../../test/harness/wait.ts";
import { secretOf } from "./fixtures/containers.ts";
import { type ComposedYard, startComposedYard } from "./fixtures/yard.ts";

const test = suite("a cluster of three NATS servers");
const SUBMISSIONS = 400;
const AT_ONCE = 16;
const KILL_AFTER = SUBMISSIONS / 4;
const STREAMS = ["YARD", "SUBMISSIONS", "PARTNERS", "KV_leases"];

let yard: ComposedYard;
let nats: NatsConnection;
let manager: JetStreamManager;

test.before(async () => {
  yard = await startComposedYard("cluster");
  const { username: user, password: pass } = new URL(
    secretOf(yard.host, "application/nats-url").replace(/,.*/, ""),
  );
  nats = await connect({
    servers: Object.keys(yard.nats).map((name) => `${yard.host.addresses[name]}:4222`),
    user,
    pass,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    tls: { ca: secretOf(yard.host, "application/ca.crt") },
  });
  manager = await nats.jetstreamManager({ timeout: 5_000 });
});
test.after(async () => {
  await nats?.close();
  await yard?.stop();
});

test("keeps every stream on all three", async () => {
  for (const stream of STREAMS) {
    const { config, cluster } = await manager.streams.info(stream);
    assert.is(config.num_replicas, 3, stream);
    assert.is(cluster?.replicas?.length, 2, stream);
  }
});

test("loses the leader by kill -9 under load, and every accepted submission is delivered with one effect", async () => {
  // While one is being chosen there is none to be killed.
  const leader = await until("one leads", async () => {
    const { cluster } = await manager.streams.info("YARD");
    return cluster?.leader !== undefined && cluster.leader in yard.nats && cluster.leader;
  });
  const accepted: string[] = [];
  let killed: Promise<unknown> | undefined;
  const send = async (): Promise<void> => {
    while (accepted.length < SUBMISSIONS) {
      const name = randomUUID();
      accepted.push(
        await yard.client.submitUntilAccepted({
          email: `${name}@example.com`,
          full_name: name,
          interest: "Education",
        }),
      );
      if (accepted.length >= KILL_AFTER) killed ??= yard.nats[leader]?.kill();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, send));
  assert.is(await killed, null, "the leader was killed");

  const leads = await Promise.all(accepted.map((id) => yard.client.ended(id, 60_000)));
  const others = leads.filter(({ status }) => status !== "delivered");
  assert.equal(
    others.map(({ id, status, reason, attempts }) => ({ id, status, reason, attempts })),
    [],
  );
  const { ids, effects, max } = await effectsAt(yard.urlOf("simulator", 8090), "edu");
  assert.equal({ ids, effects, max }, { ids: accepted.length, effects: accepted.length, max: 1 });

  const now = await until("another leads", async () => {
    const { cluster: after } = await manager.streams.info("YARD");
    return after?.leader !== undefined && after.leader !== leader && after.leader;
  });
  assert.ok(now in yard.nats);
});

test.run();
