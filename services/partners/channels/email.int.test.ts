import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../../test/harness/wait.ts";
import { attempt, openTestChannel, testMessage } from "../../../test/partners/channel.ts";
import type { Channel, ChannelParts, Message } from "./channel.ts";

const test = suite("the e-mail channel");
const message = testMessage({
  email: "Ann@Example.com",
  full_name: "Ann\r\nBcc: everybody@bad.example",
  interest: "Art",
});
const to = "Sales <sales@shop.example>";

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly isSecure: boolean;
  readonly user: string | undefined;
}

interface TestServer {
  readonly url: string;
  readonly host: string;
  readonly mails: Mail[];
  readonly connections: () => number;
  readonly server: SMTPServer;
  /** The reply to what was sent; by default it is taken. */
  reply: (mail: Mail) => Error | "disconnect" | "hang" | undefined;
}

const servers: TestServer[] = [];
const open: Channel[] = [];

async function startServer(options: SMTPServerOptions = {}): Promise<TestServer> {
  let connections = 0;
  const mails: Mail[] = [];
  const server: SMTPServer = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    closeTimeout: 100,
    logger: false,
    onConnect(_session, callback) {
      connections += 1;
      callback();
    },
    onData(stream, session, callback) {
      let text = "";
      stream.on("data", (chunk: Buffer) => {
        text += chunk;
      });
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? "" : mailFrom.address;
        const user = typeof session.user === "string" ? session.user : undefined;
        const mail = { from, to: rcptTo.map(({ address }) => address), text, isSecure: session.secure, user };
        mails.push(mail);
        const reply = started.reply(mail);
        if (reply === "hang") return;
        if (reply !== "disconnect") return callback(reply);
        for (const one of server.connections) if (one.session.id === session.id) one._socket?.destroy();
      });
    },
    ...options,
  });
  server.on("error", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const host = `127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  const started: TestServer = {
    url: `smtp://${host}`,
    host,
    mails,
    connections: () => connections,
    server,
    reply: () => undefined,
  };
  servers.push(started);
  return started;
}

function email(delivery: object, over: Partial<ChannelParts> = {}, settings: object = {}): Channel {
  const opened = openTestChannel({ delivery: { type: "email", to, ...delivery }, ...settings }, over);
  open.push(opened);
  return opened;
}

const refused = (responseCode: number): Error => Object.assign(new Error("said no"), { responseCode });
const outcomeOf = async (channel: Channel, about: Message = message) =>
  (await channel.prepare(about).send(attempt)).outcome;

let usual: TestServer;
test.before(async () => {
  usual = await startServer();
});
test.before.each(() => {
  usual.reply = () => undefined;
});
test.after(async () => {
  await Promise.all(open.map((one) => one.close()));
  for (const { server } of servers) server.close();
});

test("writes a message that people can read, and whose repeats can be told", async () => {
  const channel = email({ smtp_url: usual.url, from: "Leads <leads@shop.example>" }, {}, { price: 2 });
  const sent = await channel.prepare(message).send(attempt);
  assert.equal(sent.outcome, { outcome: "succeeded", price: 2 });
  const mail = usual.mails.at(-1);
  assert.equal([mail?.from, mail?.to], ["leads@shop.example", ["sales@shop.example"]]);
  assert.match(mail?.text ?? "", /^From: Leads <leads@shop\.example>\r$/m);
  assert.match(mail?.text ?? "", /^To: Sales <sales@shop\.example>\r$/m);
  assert.match(mail?.text ?? "", /^Subject: New lead: Art \(from demo\)\r$/m);
  assert.match(mail?.text ?? "", new RegExp(`^Message-ID: <${message.ids.delivery_id}@switchyard>\r$`, "im"));
  assert.match(mail?.text ?? "", new RegExp(`^Idempotency-Key: ${message.ids.delivery_id}\r$`, "im"));
  assert.match(mail?.text ?? "", /^Email: ann@example\.com\r$/m);
  assert.match(mail?.text ?? "", /^Auto-Submitted: auto-generated\r$/im);
});

test("lets nothing that is filled in become a header, a line of its own or another recipient", async () => {
  const subject = "{{full_name}}\r\n X: {{interest}}";
  const channel = email({
    smtp_url: usual.url,
    to: "{{full_name}} <{{email}}>",
    subject,
    text: "{{full_name}}",
  });
  assert.is((await outcomeOf(channel)).outcome, "succeeded");
  const mail = usual.mails.at(-1);
  assert.equal(mail?.to, ["ann@example.com"]);
  const [head = "", body] = (mail?.text ?? "").split("\r\n\r\n");
  assert.not.match(head, /^bcc:/im);
  assert.not.match(head, /^x:/im);
  assert.match(head, /^Subject: Ann Bcc: everybody@bad\.example X: Art\r$/m);
  assert.match(body ?? "", /^Bcc: everybody@bad\.example/m);
  const count = usual.mails.length;
  for (const bad of [
    "a@b.example, c@d.example",
    "a@b.example\r\nRCPT TO:<c@d.example>",
    "-oQ@b.example",
    "nobody",
  ]) {
    const other = testMessage({ contact: bad });
    const outcome = await outcomeOf(email({ smtp_url: usual.url, to: "{{contact}}" }), other);
    assert.equal(outcome, { outcome: "rejected", reason: "invalid_recipient" }, bad);
  }
  const nobody = await outcomeOf(email({ smtp_url: usual.url, to: "{{contact}}" }));
  assert.equal(nobody, { outcome: "rejected", reason: "no_recipient" });
  assert.is(usual.mails.length, count);
});

test("says of a test that it is one", async () => {
  await email({ smtp_url: usual.url })
    .prepare({ ...message, isTest: true })
    .send(attempt);
  const { text = "" } = usual.mails.at(-1) ?? {};
  assert.match(text, /^Subject: \[Test\] New lead/m);
  assert.match(text, /^X-Switchyard-Test: true\r$/im);
});

test("takes 5xx for permanent and 4xx for passing, whenever it is said", async () => {
  const channel = email({ smtp_url: usual.url });
  for (const [code, outcome] of [
    [550, "rejected"],
    [554, "rejected"],
    [421, "failed"],
    [451, "failed"],
  ] as const) {
    usual.reply = () => refused(code);
    assert.equal(await outcomeOf(channel), { outcome, reason: `smtp_${code}` });
    const picky = await startServer({ onRcptTo: (_address, _session, callback) => callback(refused(code)) });
    assert.equal(await outcomeOf(email({ smtp_url: picky.url })), { outcome, reason: `smtp_${code}` });
  }
});

test("reaches those recipients that the server takes, and says that some it does not", async () => {
  const picky = await startServer({
    onRcptTo: ({ address }, _session, callback) =>
      callback(address.startsWith("gone") ? refused(550) : undefined),
  });
  const sent = await email({ smtp_url: picky.url, to: "gone@shop.example, here@shop.example" })
    .prepare(message)
    .send(attempt);
  assert.equal(sent.outcome, { outcome: "succeeded", reason: "some_recipients_refused" });
  assert.equal((sent.response as { refused: unknown }).refused, ["gone@shop.example"]);
  assert.is(picky.mails.length, 1);
});

test("does not know whether a message was taken when the connection breaks after its data, and sends it once", async () => {
  const channel = email({ smtp_url: usual.url, timeout_ms: 3_000 });
  assert.is((await outcomeOf(channel)).outcome, "succeeded");
  const count = usual.mails.length;
  usual.reply = () => "disconnect";
  assert.is((await outcomeOf(channel)).outcome, "unknown");
  assert.is(usual.mails.length, count + 1);
  usual.reply = () => "hang";
  const hanging = email({ smtp_url: usual.url, timeout_ms: 300 });
  assert.equal(await outcomeOf(hanging), { outcome: "unknown", reason: "timeout" });
});

test("knows that nothing was sent where it never came to the data", async () => {
  const nowhere = await outcomeOf(email({ smtp_url: "smtp://127.0.0.1:1" }));
  assert.equal(nowhere, { outcome: "failed", reason: "econnrefused" });
  const silent = await startServer({ onMailFrom: () => undefined });
  const late = await outcomeOf(email({ smtp_url: silent.url, timeout_ms: 300 }));
  assert.equal(late, { outcome: "failed", reason: "timeout" });
});

test("asks once more before the data leaves, and ends at once when it is abandoned", async () => {
  const count = usual.mails.length;
  let asked = 0;
  const { outcome } = await email({ smtp_url: usual.url })
    .prepare(message)
    .send({
      ...attempt,
      obstacle() {
        asked += 1;
        return asked > 1 ? "lease_lost" : undefined;
      },
    });
  assert.equal(outcome, { outcome: "not_called", reason: "lease_lost" });
  assert.is(usual.mails.length, count);
  usual.reply = () => "hang";
  const giveUp = new AbortController();
  const sending = email({ smtp_url: usual.url })
    .prepare(message)
    .send({ ...attempt, abandon: giveUp.signal });
  await until("the message has arrived", () => usual.mails.length > count);
  giveUp.abort();
  assert.equal((await sending).outcome, { outcome: "interrupted", reason: "abandoned" });
});

test("logs in over TLS, from the first byte or by STARTTLS, and shows nobody the password", async () => {
  const login: SMTPServerOptions = {
    authOptional: false,
    authMethods: ["PLAIN", "LOGIN"],
    onAuth: ({ username, password }, _session, callback) =>
      password === "s3cret pass" ? callback(null, { user: username ?? "" }) : callback(refused(535)),
  };
  const tls = await startServer({ ...login, secure: true });
  const starttls = await startServer({ ...login, disabledCommands: [] });
  for (const [protocol, { host, mails }] of [
    ["smtps", tls],
    ["smtp", starttls],
  ] as const) {
    const prepared = email({ smtp_url: `${protocol}://ann:s3cret%20pass@${host}` }).prepare(message);
    const sent = await prepared.send(attempt);
    assert.is(sent.outcome.outcome, "succeeded", JSON.stringify(sent));
    assert.equal([mails[0]?.isSecure, mails[0]?.user], [true, "ann"]);
    assert.not.match(JSON.stringify([prepared.request, sent]), /s3cret/);
  }
  const wrong = await outcomeOf(email({ smtp_url: `smtps://ann:wrong@${tls.host}` }));
  assert.equal(wrong, { outcome: "rejected", reason: "smtp_535" });
});

test("uses its connections again", async () => {
  const pooled = await startServer();
  const channel = email({ smtp_url: pooled.url }, {}, { limits: { concurrency: 2 } });
  for (let n = 0; n < 5; n += 1) assert.is((await outcomeOf(channel)).outcome, "succeeded");
  assert.is(pooled.connections(), 1);
  await Promise.all(Array.from({ length: 10 }, () => outcomeOf(channel)));
  assert.ok(pooled.connections() <= 2, `${pooled.connections()} connections`);
  assert.is(pooled.mails.length, 15);
});

test("sends over the server that is configured for all, where the partner has none", async () => {
  const smtp = { url: usual.url, from: "yard@shop.example" };
  assert.is((await outcomeOf(email({}, { smtp }))).outcome, "succeeded");
  assert.is(usual.mails.at(-1)?.from, "yard@shop.example");
  assert.throws(() => email({}), /SMTP_URL/);
});

test("goes to no private address, whether it stands in the URL or the name leads there", async () => {
  const before = usual.connections();
  const port = new URL(usual.url).port;
  for (const host of ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"]) {
    const closed = email({ smtp_url: `smtp://${host}:${port}` }, { allowPrivate: false });
    assert.equal(await outcomeOf(closed), { outcome: "failed", reason: "private_address_refused" }, host);
  }
  assert.is(usual.connections(), before);
});

test.run();
