import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/wait.ts";
import { createLog } from "../log.ts";
import { connectBus, type Mail } from "./bus.ts";

const pulls = suite("pull");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const nats = await startNats();
const bus = await connectBus({ url: nats.url, name: "test", log });
const defaults = { maxBatch: 100, maxAckPending: 1000 };
let sent = 0;

const send = (mailbox: string): Promise<unknown> =>
  bus.publish(`yard.${mailbox}.x`, Buffer.alloc(500), { id: `m-${sent++}` });

pulls.after(async () => {
  await bus.close();
  await nats.stop();
});

pulls("goes on within moments when a request ends and the server does not say so", async () => {
  let longest = 0;
  let came = 0;
  const names = Array.from({ length: 8 }, (_, n) => `ending-${n}`);
  const onBatch = async (mails: Mail[]): Promise<void> => {
    for (const mail of mails) {
      longest = Math.max(longest, Date.now() - mail.storedAt);
      came += 1;
      mail.ack();
    }
  };
  const mailboxes = await Promise.all(
    names.map((name) =>
      bus.mailbox({
        ...defaults,
        name,
        filter: `yard.${name}.>`,
        ackWaitMs: 30_000,
        requestMs: 100,
        onBatch,
      }),
    ),
  );
  // Often enough that some come in the very moment in which a request ends: that is when the oldest server forgets to tell.
  const end = performance.now() + 4_000;
  while (performance.now() < end) await Promise.all([...names, ...names, ...names].map(send));
  await until("all came", () => came === sent);
  assert.ok(longest < 1_500, `one waited ${longest} ms`);
  await Promise.all(mailboxes.map((one) => one.close()));
});

pulls("what is handed back under load comes to the next at once, again and again", async () => {
  const before = sent;
  const done = new Set<number>();
  let longest = 0;
  const onBatch = async (mails: Mail[]): Promise<void> => {
    // A little work, so that others wait behind it.
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const mail of mails) {
      longest = Math.max(longest, Date.now() - mail.storedAt);
      done.add(mail.seq);
      mail.ack();
    }
  };
  const open = () =>
    bus.mailbox({
      ...defaults,
      name: "back",
      filter: "yard.back.>",
      ackWaitMs: 5_000,
      maxBatch: 20,
      onBatch,
    });
  let mailbox = await open();
  for (let hands = 0; hands < 25; hands += 1) {
    const burst = Promise.all(Array.from({ length: 100 }, () => send("back")));
    await until("some of it came", () => done.size > hands * 100);
    await mailbox.close();
    mailbox = await open();
    await burst;
  }
  await until("all came", () => done.size === sent - before);
  assert.ok(longest < 2_500, `one waited ${longest} ms`);
  await mailbox.close();
});

pulls.run();
