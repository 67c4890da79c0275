import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/wait.ts";
import { createLog } from "../log.ts";
import { BusError, connectBus } from "./bus.ts";

const buses = suite("bus");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const nats = await startNats();
const bus = await connectBus({ url: nats.url, name: "test", log });
const bytes = (text: string): Uint8Array => Buffer.from(text);
const reasonOf = (error: unknown): unknown => error instanceof BusError && error.reason;

buses.after(async () => {
  await bus.close();
  await nats.stop();
});

buses("declares its streams, however many do so at once", async () => {
  const others = await Promise.all(
    Array.from({ length: 4 }, () => connectBus({ url: nats.url, name: "other", log })),
  );
  await Promise.all(others.map((one) => one.close()));
  assert.is(await bus.firstSeq("YARD"), 1);
  assert.is(await bus.lastMessage("SUBMISSIONS"), undefined);
});

buses("publishes once under the same id, and finds it again with its headers", async () => {
  const first = await bus.publish("yard.fact.lead.X", bytes("a"), { id: "1", headers: { position: "7" } });
  const again = await bus.publish("yard.fact.lead.X", bytes("a"), { id: "1" });
  assert.equal([first.duplicate, again.duplicate, again.seq], [false, true, first.seq]);
  const last = await bus.lastMessage();
  assert.is(last?.seq, first.seq);
  assert.is(last?.headers?.get("position"), "7");
  assert.is(Buffer.from((await bus.messageAt(first.seq))?.data ?? []).toString(), "a");
  assert.is(await bus.messageAt(first.seq + 1), undefined);
});

buses("writes to a bucket without asking the server what it may have", async () => {
  let asked = 0;
  const watching = bus.listen("$JS.API.INFO", () => {
    asked += 1;
  });
  for (const text of ["a", "b"]) await (await bus.kv("leases")).put("test.1", text);
  assert.is(asked, 0);
  const client = await connect({ servers: nats.url });
  await client.jetstreamManager();
  await until("a client that asks is heard", () => asked > 0);
  await client.close();
  await watching.close();
});

buses("keeps what a producer published until it is taken in, and no longer", async () => {
  const { seq } = await bus.publish("submissions.demo", bytes("a"), { id: "submitted" });
  assert.is((await bus.lastMessage("SUBMISSIONS"))?.seq, seq);
  const mailbox = await bus.mailbox({
    name: "intake",
    stream: "SUBMISSIONS",
    filter: "submissions.>",
    maxBatch: 10,
    maxAckPending: 10,
    ackWaitMs: 5_000,
    onBatch: async (mails) => {
      for (const mail of mails) mail.ack();
    },
  });
  await until("it is gone", async () => (await bus.lastMessage("SUBMISSIONS")) === undefined);
  await mailbox.close();
});

buses("says when no stream takes a subject, and when a message is too large", async () => {
  const nowhere = await bus.publish("elsewhere.x", bytes("a"), { id: "2" }).catch(reasonOf);
  const huge = await bus.publish("yard.fact.x", new Uint8Array(2 ** 21), { id: "3" }).catch(reasonOf);
  assert.equal([nowhere, huge], ["no_responders", "rejected"]);
});

buses("asks and is answered, by one of those who serve together", async () => {
  const answered: string[] = [];
  const serve = (who: string) =>
    bus.serve("ask.*", "crew", async ({ subject, data, headers }) => {
      answered.push(who);
      return bytes(`${subject} ${Buffer.from(data)} ${headers?.get("trace")}`);
    });
  const crew = [await serve("a"), await serve("b")];
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => bus.request(`ask.${n}`, bytes("hi"), 2000, { trace: "t" })),
  );
  assert.is(Buffer.from(answers[3] ?? []).toString(), "ask.3 hi t");
  assert.is(answered.length, 20);
  await Promise.all(crew.map((one) => one.close()));
  assert.is(await bus.request("ask.1", bytes(""), 500).catch(reasonOf), "no_responders");
});

buses("never takes a failure for an answer, nor waits for ever", async () => {
  const failing = await bus.serve("fail", "q", () => Promise.reject(new Error("no")));
  const silent = await bus.serve("silent", "q", () => new Promise(() => undefined));
  assert.is(await bus.request("fail", bytes(""), 2000).catch(reasonOf), "refused");
  assert.is(await bus.request("silent", bytes(""), 100).catch(reasonOf), "timeout");
  await failing.close();
  void silent.close();
});

buses("serves what it was asked to serve when NATS is killed before it knows of it", async () => {
  // It takes what is sent to it, and answers nothing.
  process.kill(nats.pid, "SIGSTOP");
  const serving = bus.serve("begun.here", "q", async () => bytes("served"));
  await nats.kill();
  await nats.restart();
  const served = await serving;
  assert.is(Buffer.from(await bus.request("begun.here", bytes("x"), 2_000)).toString(), "served");
  await served.close();
  assert.is(await bus.request("begun.here", bytes("x"), 2_000).catch(reasonOf), "no_responders");
});

buses("gives up serving when it is closed while NATS is away", async () => {
  const closed = await connectBus({ url: nats.url, name: "closed", log });
  process.kill(nats.pid, "SIGSTOP");
  const serving = closed.serve("never.here", "q", async () => bytes("served")).catch(reasonOf);
  await nats.kill();
  await until("both have noticed", () => !closed.connected && !bus.connected);
  await closed.close();
  assert.is(await serving, "disconnected");
  await nats.restart();
  await until("the other one is back", () => bus.connected);
});

buses("publishes on after the server was killed and came back, nothing twice", async () => {
  const before = (await bus.lastMessage())?.seq ?? 0;
  const reasons = new Set<unknown>();
  const publishUntilStored = async (n: number): Promise<void> => {
    await until(`message ${n} is stored`, async () => {
      try {
        await bus.publish("yard.fact.y", bytes(`${n}`), { id: `restart-${n}`, timeoutMs: 500 });
        return true;
      } catch (error) {
        reasons.add(reasonOf(error));
        return false;
      }
    });
  };
  const half = Array.from({ length: 200 }, (_, n) => publishUntilStored(n));
  await nats.kill();
  await until("it notices", () => !bus.connected);
  await nats.restart();
  await Promise.all([...half, publishUntilStored(200)]);
  assert.is(bus.connected, true);
  assert.not.ok(reasons.has(false), "every failure is a BusError");
  const seen = new Set<string>();
  const last = (await bus.lastMessage())?.seq ?? 0;
  for (let seq = before + 1; seq <= last; seq++) {
    const text = Buffer.from((await bus.messageAt(seq))?.data ?? []).toString();
    assert.not.ok(seen.has(text), `${text} is there once`);
    seen.add(text);
  }
  assert.is(seen.size, 201);
});

buses("fails at once while there is no connection", async () => {
  await nats.stop();
  await until("it notices", () => !bus.connected);
  assert.is(await bus.publish("yard.fact.z", bytes(""), { id: "x" }).catch(reasonOf), "disconnected");
  await nats.restart();
  await until("it is back", () => bus.connected);
});

buses.run();
