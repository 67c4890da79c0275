import { rm } from "node:fs/promises";
import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/wait.ts";
import { createLog } from "../log.ts";
import { connectBus, type Mail, type MailboxOptions } from "./bus.ts";

const mailboxes = suite("mailbox");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const nats = await startNats();
const bus = await connectBus({ url: nats.url, name: "test", log });
let sent = 0;

async function send(subject: string, count: number): Promise<void> {
  const texts = Array.from({ length: count }, (_, n) => `${n}`);
  await Promise.all(texts.map((text) => bus.publish(subject, Buffer.from(text), { id: `m-${sent++}` })));
}

const defaults = { maxBatch: 100, maxAckPending: 1000, ackWaitMs: 30_000 };
const open = (name: string, options: Partial<MailboxOptions> & Pick<MailboxOptions, "onBatch">) =>
  bus.mailbox({ ...defaults, name, filter: `yard.${name}.>`, ...options });
const textOf = (mail: Mail): string => Buffer.from(mail.data).toString();

mailboxes.after(async () => {
  await bus.close();
  await nats.stop();
});

mailboxes("gives what was there before and what comes, in order, batch after batch", async () => {
  await send("yard.order.x", 250);
  const seen: string[] = [];
  const sizes: number[] = [];
  const mailbox = await open("order", {
    onBatch: async (mails) => {
      sizes.push(mails.length);
      seen.push(...mails.map(textOf));
      for (const mail of mails) mail.ack();
    },
  });
  await until("the first part", () => seen.length === 250);
  await send("yard.order.x", 50);
  await until("the second part", () => seen.length === 300);
  assert.equal(
    seen.slice(0, 250),
    Array.from({ length: 250 }, (_, n) => `${n}`),
  );
  assert.ok(sizes.every((size) => size <= 100));
  await until("all is answered", async () => (await bus.consumerState("order"))?.ackPending === 0);
  assert.is(mailbox.unanswered, 0);
  await mailbox.close();
});

mailboxes("holds at most two batches, however slow the work is", async () => {
  await send("yard.bounds.x", 500);
  const gate = Promise.withResolvers<void>();
  let handed = 0;
  const mailbox = await open("bounds", {
    maxBatch: 20,
    onBatch: async (mails) => {
      handed += mails.length;
      await gate.promise;
      for (const mail of mails) mail.ack();
    },
  });
  const held = () => bus.consumerState("bounds").then((state) => state?.ackPending ?? 0);
  await until("it has pulled what it may", async () => handed > 0 && (await held()) === handed + 20);
  assert.ok(handed <= 20);
  gate.resolve();
  await until("all is done", async () => handed === 500 && (await held()) === 0);
  await mailbox.close();
});

mailboxes("lets no more go unanswered than allowed, those waiting for their delay included", async () => {
  await send("yard.pending.x", 50);
  const waiting: Mail[] = [];
  const mailbox = await open("pending", {
    maxAckPending: 10,
    onBatch: async (mails) => void waiting.push(...mails),
  });
  await until("ten are out", () => waiting.length === 10);
  assert.is(mailbox.unanswered, 10);
  waiting[0]?.nak(60_000);
  for (const mail of waiting.slice(1, 5)) mail.ack();
  await until("four more came for four answers", () => waiting.length === 14);
  assert.is((await bus.consumerState("pending"))?.ackPending, 10);
  for (const mail of waiting.slice(1)) mail.ack();
  await until("the others", () => waiting.length === 23);
  assert.is((await bus.consumerState("pending"))?.pending, 27);
  await mailbox.close();
});

mailboxes("takes only the first answer", async () => {
  await send("yard.answer.x", 1);
  const seen: number[] = [];
  const mailbox = await open("answer", {
    onBatch: async ([mail]) => {
      seen.push(mail?.deliveries ?? 0);
      mail?.nak(0);
      mail?.ack();
      mail?.term();
      if (seen.length === 3) await mailbox.close();
    },
  });
  await until("it came again and again", () => seen.length >= 3);
  assert.equal(seen.slice(0, 3), [1, 2, 3]);
});

mailboxes("comes again after the delay, and never after it was given up", async () => {
  await send("yard.later.x", 2);
  const seen: { readonly text: string; readonly at: number }[] = [];
  const mailbox = await open("later", {
    onBatch: async (mails) => {
      for (const mail of mails) {
        const again = seen.some(({ text }) => text === textOf(mail));
        seen.push({ text: textOf(mail), at: performance.now() });
        if (textOf(mail) === "0") mail.term();
        else if (again) mail.ack();
        else mail.nak(400);
      }
    },
  });
  await until("the delayed one", () => seen.length === 3);
  assert.equal(
    seen.map(({ text }) => text),
    ["0", "1", "1"],
  );
  assert.ok((seen[2]?.at ?? 0) - (seen[1]?.at ?? 0) > 350);
  await mailbox.close();
});

mailboxes("gives a failed batch again", async () => {
  await send("yard.failed.x", 3);
  let calls = 0;
  const done: string[] = [];
  const mailbox = await open("failed", {
    onBatch: async (mails) => {
      if (calls++ === 0) throw new Error("not now");
      for (const mail of mails) {
        done.push(textOf(mail));
        mail.ack();
      }
    },
  });
  await until("all is done", () => done.length === 3);
  await mailbox.close();
});

mailboxes("hands back what it has not begun when it pauses or closes, for the next one at once", async () => {
  await send("yard.handover.x", 100);
  const gate = Promise.withResolvers<void>();
  let begun = 0;
  const first = await open("handover", {
    maxBatch: 10,
    onBatch: async (mails) => {
      begun += mails.length;
      await gate.promise;
      for (const mail of mails) mail.ack();
    },
  });
  await until("a batch is begun and another waits", async () => {
    return begun > 0 && (await bus.consumerState("handover"))?.ackPending === begun + 10;
  });
  const closing = first.close();
  const rest: number[] = [];
  const second = await open("handover", {
    onBatch: async (mails) => {
      for (const mail of mails) {
        rest.push(mail.seq);
        mail.ack();
      }
    },
  });
  await until("the second has all that the first has not begun", () => rest.length === 100 - begun);
  gate.resolve();
  await closing;
  await until("nothing is left", async () => (await bus.consumerState("handover"))?.ackPending === 0);
  assert.is(new Set(rest).size, 100 - begun);
  await second.close();
});

mailboxes("takes nothing while paused, and goes on when resumed", async () => {
  const seen: string[] = [];
  const mailbox = await open("paused", {
    onBatch: async (mails) => {
      for (const mail of mails) {
        seen.push(textOf(mail));
        mail.ack();
      }
    },
  });
  await send("yard.paused.x", 1);
  await until("the first", () => seen.length === 1);
  mailbox.pause();
  await send("yard.paused.x", 20);
  await until("they wait", async () => {
    const state = await bus.consumerState("paused");
    return state !== undefined && state.pending + state.ackPending === 20;
  });
  assert.is(seen.length, 1);
  mailbox.resume();
  await until("the others", () => seen.length === 21);
  await mailbox.close();
});

mailboxes("makes its consumer again when somebody deletes it", async () => {
  const seen: string[] = [];
  const mailbox = await open("deleted", {
    onBatch: async (mails) => {
      for (const mail of mails) {
        seen.push(textOf(mail));
        mail.ack();
      }
    },
  });
  await send("yard.deleted.x", 1);
  await until("the first", () => seen.length > 0);
  const other = await connect({ servers: nats.url });
  await (await other.jetstreamManager()).consumers.delete("YARD", "deleted");
  await other.close();
  await send("yard.deleted.x", 1);
  // A new consumer begins at the start, so the first comes again.
  await until("both, from the start", () => seen.length === 3);
  await mailbox.close();
});

mailboxes("refuses a name that another mailbox has", async () => {
  const refusal = await bus
    .mailbox({ ...defaults, name: "deleted", filter: "yard.other.>", onBatch: async () => undefined })
    .catch((error: unknown) => error);
  assert.match(String(refusal), "reads yard.deleted.>, not yard.other.>");
});

mailboxes("works on after the server lost everything it had", async () => {
  const seen: string[] = [];
  const mailbox = await open("wiped", {
    onBatch: async (mails) => {
      for (const mail of mails) {
        seen.push(textOf(mail));
        mail.ack();
      }
    },
  });
  await nats.kill();
  await rm(nats.dir, { recursive: true });
  await nats.restart();
  await until("it takes messages again", async () => {
    await send("yard.wiped.x", 1).catch(() => undefined);
    return seen.length > 0;
  });
  await mailbox.close();
});

mailboxes(
  "gives at once what waited for its delay when it is rewound, and nothing that was answered",
  async () => {
    await send("yard.rewound.x", 5);
    const first = await open("rewound", {
      onBatch: async (mails) => {
        for (const mail of mails) textOf(mail) < "2" ? mail.ack() : mail.nak(3_600_000);
      },
    });
    await until("three wait", async () => (await bus.consumerState("rewound"))?.ackPending === 3);
    await first.close();
    const again: string[] = [];
    const options = {
      onBatch: async (mails: Mail[]) => {
        again.push(...mails.map(textOf));
        for (const mail of mails) mail.ack();
      },
    };
    await bus.rewindMailbox({ ...defaults, name: "rewound", filter: "yard.rewound.>", ...options });
    const second = await open("rewound", options);
    await until("they have come", () => again.length === 3);
    assert.equal(again, ["2", "3", "4"]);
    assert.ok((await bus.lastStoredAt("yard.rewound.>")) !== undefined);
    assert.is(await bus.lastStoredAt("yard.rewound.y"), undefined);
    await second.close();
  },
);

mailboxes.run();
