// The embedded NATS: what its two users may do, and what nobody else may.
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, ErrorCode, Events, type NatsConnection, NatsError } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Bus, connectBus } from "#platform/bus/bus.ts";
import type { Environment } from "#platform/config.ts";
import { createLog } from "#platform/log.ts";
import { startNats } from "../../../test/harness/nats.ts";
import { until } from "../../../test/harness/wait.ts";
import { temporaryDataFolder } from "../fixtures/launched.ts";
import { runPart } from "../fixtures/run-part.ts";
import { type NatsPart, PRODUCER_INBOX, prepareNats } from "./nats.ts";

const test = suite("embedded NATS");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const dataDir = temporaryDataFolder();
const text = (data: Uint8Array): string => Buffer.from(data).toString();
const bytes = (one: string): Uint8Array => Buffer.from(one);

let part: NatsPart;
let stop: () => Promise<void>;
let bus: Bus;
let producer: NatsConnection;
/** Operations that the server refused to the producer, as "publish to x". */
const refused = new Set<string>();

/** As somebody with only the printed address signs in. */
function signIn(url: string, more: ConnectionOptions = {}): Promise<NatsConnection> {
  const { host, username, password } = new URL(url);
  const login = username === "" ? {} : { user: username, pass: password };
  return connect({ servers: host, ...login, reconnect: false, ...more });
}

async function keepRefusals(): Promise<void> {
  for await (const { type, permissionContext } of producer.status())
    if (type === Events.Error && permissionContext)
      refused.add(`${permissionContext.operation} ${permissionContext.subject}`);
}

test.before(async () => {
  part = await prepareNats(dataDir, process.env);
  stop = await runPart(part, dataDir);
  bus = await connectBus({ url: part.url, name: "test", log });
  producer = await signIn(part.producerUrl, { inboxPrefix: PRODUCER_INBOX });
  void keepRefusals();
});
test.after(async () => {
  await producer.close();
  await bus.close();
  await stop();
});

test("lets nobody in without the right password", async () => {
  const { host } = new URL(part.url);
  for (const url of [`nats://${host}`, `nats://producer:guess@${host}`, `nats://switchyard:guess@${host}`]) {
    const error = await signIn(url).catch((one: unknown) => one);
    assert.ok(error instanceof NatsError && error.code === ErrorCode.AuthorizationViolation, url);
  }
});

test("gives a producer an answer to what it asks and publishes", async () => {
  const serving = await bus.serve("intake.*", "test", async ({ subject, data }) =>
    bytes(`${subject} took ${text(data)}`),
  );
  const answer = await producer.request("intake.demo", "one", { timeout: 5_000 });
  assert.is(text(answer.data), "intake.demo took one");
  await serving.close();
  const stored = await producer
    .jetstream()
    .publish("submissions.demo", "two", { msgID: "2", timeout: 5_000 });
  const again = await producer.jetstream().publish("submissions.demo", "two", { msgID: "2", timeout: 5_000 });
  assert.equal([stored.stream, stored.duplicate, again.seq], ["SUBMISSIONS", false, stored.seq]);
  const heard = Promise.withResolvers<string>();
  const listening = bus.listen("replies.*", (data, subject) => heard.resolve(`${subject} ${text(data)}`));
  await bus.lastMessage();
  producer.publish("replies.campaign", "three");
  assert.is(await heard.promise, "replies.campaign three");
  await listening.close();
});

const FORBIDDEN = [
  "yard.lead.0.SubmissionReceived",
  "yard.partner.edu.SubmissionRouted",
  "identity.identify",
  "identity.forget",
  "partners.own",
  "intake.demo.more",
  "submissions.demo.more",
  "intake",
  "$JS.API.INFO",
  "$JS.API.STREAM.DELETE.SUBMISSIONS",
  "$JS.API.STREAM.MSG.GET.YARD",
  "$JS.API.CONSUMER.MSG.NEXT.YARD.lead-0",
  "$JS.API.DIRECT.GET.SUBMISSIONS",
  "$JS.ACK.YARD.lead-0.1.1.1.1.1",
  "$KV.leases.lead-0",
  "$SYS.REQ.SERVER.PING",
  "_INBOX.other.1",
  `${PRODUCER_INBOX}.other`,
  "_R_.x.y",
];

test("refuses a producer to publish anywhere else", async () => {
  for (const subject of FORBIDDEN) producer.publish(subject, "x");
  await producer.flush();
  const missing = () => FORBIDDEN.filter((subject) => !refused.has(`publish ${subject}`));
  await until("all are refused", () => missing().length === 0).catch(() => assert.equal(missing(), []));
});

const HIDDEN = [
  ">",
  "*.*",
  "yard.>",
  "submissions.>",
  "submissions.demo",
  "intake.*",
  "replies.*",
  "identity.*",
  "$JS.>",
  "$JS.API.>",
  "$KV.>",
  "$SYS.>",
  "_INBOX.>",
  "_R_.>",
];

test("refuses a producer to hear anything but its own inbox", async () => {
  for (const subject of HIDDEN) {
    let error: unknown;
    producer.subscribe(subject, {
      callback: (one) => {
        error ??= one;
      },
    });
    // The server answers in order.
    await producer.flush();
    assert.ok(error instanceof NatsError && error.code === ErrorCode.PermissionsViolation, subject);
  }
  const heard = Promise.withResolvers<string>();
  producer.subscribe(`${PRODUCER_INBOX}.>`, {
    callback: (_error, message) => heard.resolve(text(message.data)),
  });
  const reply = `${PRODUCER_INBOX}.mine`;
  producer.publish("submissions.demo", "sentinel", { reply });
  assert.match(await heard.promise, '"stream":"SUBMISSIONS"');
});

test("does not let a producer turn an answer into a message or a command of the yard", async () => {
  const serving = await bus.serve("intake.*", "test", async () => bytes('{"seq":1000}'));
  const manager = await (await signIn(part.url)).jetstreamManager();
  const messagesOf = async (stream: string): Promise<number> =>
    (await manager.streams.info(stream)).state.messages;
  const before = await messagesOf("SUBMISSIONS");
  const commands = ["$JS.API.STREAM.PURGE.SUBMISSIONS", "$JS.API.STREAM.DELETE.YARD", "yard.lead.0.Planted"];
  for (const reply of commands) {
    producer.publish("submissions.demo", "x", { reply });
    producer.publish("intake.demo", "x", { reply });
  }
  // Behind them on the same way there and back, so that they are answered by then.
  await producer.jetstream().publish("submissions.demo", "sentinel", { timeout: 5_000 });
  await producer.request("intake.demo", "sentinel", { timeout: 5_000 });
  assert.is(await messagesOf("SUBMISSIONS"), before + commands.length + 1);
  assert.is(await messagesOf("YARD"), 0);
  await serving.close();
});

test("knows the same passwords after a start, and nothing of what was there is lost", async () => {
  const before = await bus.lastMessage("SUBMISSIONS");
  await stop();
  const { url, producerUrl } = part;
  part = await prepareNats(dataDir, process.env);
  stop = await runPart(part, dataDir);
  const passwordIn = (one: string): string => new URL(one).password;
  assert.equal([part.url, part.producerUrl].map(passwordIn), [url, producerUrl].map(passwordIn));
  const after = await signIn(part.url);
  const manager = await after.jetstreamManager();
  assert.is((await manager.streams.info("SUBMISSIONS")).state.last_seq, before?.seq);
  await after.close();
});

test("has a soft limit of memory and half of the cores, and a person's own limits before them", async () => {
  const limitsIn = async (env: Environment): Promise<readonly (string | undefined)[]> => {
    const { GOMEMLIMIT, GOMAXPROCS } = (await prepareNats(dataDir, { ...process.env, ...env })).command.env;
    return [GOMEMLIMIT, GOMAXPROCS];
  };
  const half = `${Math.max(1, Math.floor(availableParallelism() / 2))}`;
  assert.equal(await limitsIn({ GOMEMLIMIT: undefined, GOMAXPROCS: undefined }), ["192MiB", half]);
  assert.equal(await limitsIn({ GOMEMLIMIT: "1GiB", GOMAXPROCS: "3" }), ["1GiB", "3"]);
});

test("keeps what an earlier version without users had stored", async () => {
  const folder = temporaryDataFolder();
  const earlier = await startNats({ dir: join(folder, "nats") });
  const open = await connectBus({ url: earlier.url, name: "test", log });
  await open.publish("submissions.demo", bytes("not taken in yet"), { id: "1" });
  await open.close();
  await earlier.stop();
  const now = await prepareNats(folder, process.env);
  const stopNow = await runPart(now, folder);
  const guarded = await connectBus({ url: now.url, name: "test", log });
  assert.is(text((await guarded.lastMessage("SUBMISSIONS"))?.data ?? bytes("")), "not taken in yet");
  await guarded.close();
  await stopNow();
  rmSync(folder, { recursive: true });
});

test.run();
