import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/wait.ts";
import { createLog } from "../log.ts";
import { connectBus, type Mail, type MailboxOptions } from "./bus.ts";
import { openConnection } from "./connection.ts";
import { createMailbox } from "./mailbox.ts";

// What a mailbox hands back, or somebody else did, comes again at once, and not only after the wait for an answer.

const test = suite("hand back");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const nats = await startNats();
const bus = await connectBus({ url: nats.url, name: "test", log });
const FAR_AWAY_MS = 120_000;
const SOON_MS = 20_000;
let sent = 0;

const settings = (name: string, onBatch: MailboxOptions["onBatch"]): MailboxOptions => ({
  name,
  filter: `yard.${name}.>`,
  maxBatch: 100,
  maxAckPending: 1_000,
  ackWaitMs: FAR_AWAY_MS,
  onBatch,
});

async function send(name: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++)
    await bus.publish(`yard.${name}.x`, Buffer.from("x"), { id: `h-${sent++}` });
}

const heldFor = async (name: string): Promise<number> => (await bus.consumerState(name))?.ackPending ?? 0;

test.after(async () => {
  await bus.close();
  await nats.stop();
});

/** One mail at work, six that wait for it, and an open request for many more. */
async function busyMailbox(name: string) {
  const gate = Promise.withResolvers<void>();
  const seen: number[] = [];
  const mailbox = await bus.mailbox(
    settings(name, async (mails) => {
      seen.push(...mails.map(({ seq }) => seq));
      await gate.promise;
      for (const mail of mails) mail.ack();
    }),
  );
  await send(name, 1);
  await until("one is at work", () => seen.length === 1);
  await send(name, 6);
  await until("six are in hand", async () => (await heldFor(name)) === 7);
  return { mailbox, seen, finish: gate.resolve };
}

test("a mailbox that paused has all of it again when it is resumed, each once", async () => {
  const { mailbox, seen, finish } = await busyMailbox("paused");
  mailbox.pause();
  finish();
  await until("the one at work is done", async () => (await heldFor("paused")) === 6);
  mailbox.resume();
  await until("all are done", async () => (await heldFor("paused")) === 0, SOON_MS);
  assert.equal([...seen].sort(), [...new Set(seen)].sort());
  assert.is(seen.length, 7);
  await mailbox.close();
});

/** A second mailbox on the same consumer. */
async function readyMailbox(name: string) {
  const seen: number[] = [];
  const mailbox = await bus.mailbox(
    settings(name, async (mails) => {
      seen.push(...mails.map(({ seq }) => seq));
      for (const mail of mails) mail.ack();
    }),
  );
  return { mailbox, seen };
}

test("another one has all that a mailbox had in hand when it paused, each once", async () => {
  const { mailbox, seen, finish } = await busyMailbox("shared");
  mailbox.pause();
  finish();
  const other = await readyMailbox("shared");
  await until("all are done", async () => (await heldFor("shared")) === 0, SOON_MS);
  assert.is(new Set([...seen, ...other.seen]).size, 7);
  assert.is(other.seen.length, 6);
  await Promise.all([mailbox.close(), other.mailbox.close()]);
});

test("the next one has all that one which closed had not begun, each once", async () => {
  const { mailbox, seen, finish } = await busyMailbox("closed");
  const closing = mailbox.close();
  finish();
  await closing;
  const next = await readyMailbox("closed");
  await until("all are done", async () => (await heldFor("closed")) === 0, SOON_MS);
  assert.is(new Set([...seen, ...next.seen]).size, 7);
  assert.is(seen.length + next.seen.length, 7);
  await next.mailbox.close();
});

test("pausing and resuming again and again loses sight of nothing", async () => {
  let done = 0;
  const mailbox = await bus.mailbox(
    settings("restless", async (mails) => {
      for (const mail of mails) {
        if (mail.deliveries < 20) mail.nak(Math.random() * 20);
        else {
          mail.ack();
          done += 1;
        }
      }
    }),
  );
  await send("restless", 50);
  const restless = setInterval(() => {
    mailbox.pause();
    setTimeout(() => mailbox.resume(), Math.random() * 20);
  }, 40);
  await until("all are done", async () => done >= 50 && (await heldFor("restless")) === 0, SOON_MS);
  clearInterval(restless);
  await mailbox.close();
});

/** Requests live 4 s. A server that stands still while they end finds what was handed back and their end at the same moment. */
test("a server that stands still just as requests run out gives all of it again", async () => {
  const names = Array.from({ length: 20 }, (_, n) => `still-${n}`);
  const held: Mail[] = [];
  let again = 0;
  const begun = performance.now();
  const mailboxes = await Promise.all(
    names.map((name) =>
      bus.mailbox(
        settings(name, async (mails) => {
          for (const mail of mails) {
            if (mail.deliveries === 1) held.push(mail);
            else {
              mail.ack();
              again += 1;
            }
          }
        }),
      ),
    ),
  );
  const opened = performance.now();
  for (const name of names) await send(name, 2);
  await until("all are held", () => held.length === 40);
  await until("requests are about to end", () => performance.now() - begun > 3_800);
  process.kill(nats.pid, "SIGSTOP");
  for (const mail of held) mail.nak(0);
  await until("they have ended", () => performance.now() - opened > 4_100).finally(() =>
    process.kill(nats.pid, "SIGCONT"),
  );
  await until("all came again", () => again === 40, SOON_MS);
  await Promise.all(mailboxes.map((one) => one.close()));
});

test("a mailbox whose consumer could not be made again at once tries until it can", async () => {
  const connection = await openConnection({
    url: nats.url,
    name: "test",
    log,
    signal: new AbortController().signal,
  });
  const seen: number[] = [];
  const options = settings("unlucky", async (mails) => {
    for (const mail of mails) {
      seen.push(mail.seq);
      mail.ack();
    }
  });
  const declare = async (): Promise<void> => (await bus.mailbox(options)).close();
  await declare();
  let tries = 0;
  const mailbox = createMailbox(options, {
    connection,
    log,
    ensure: async () => {
      tries += 1;
      if (tries === 1) throw new Error("not now");
      await declare();
    },
  });
  const other = await connect({ servers: nats.url });
  await (await other.jetstreamManager()).consumers.delete("YARD", "unlucky");
  await other.close();
  await send("unlucky", 1);
  await until("its mail comes", () => seen.length === 1);
  assert.ok(tries >= 2);
  await mailbox.close();
  await connection.close();
});

test.run();
