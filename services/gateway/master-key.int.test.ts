// A process that was not given the master key: it says so and harms nothing, and is well again with it.
import { randomBytes, randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { createMasterKeys } from "#platform/vault/master-key.ts";
import { rewrapKeys } from "#platform/vault/rewrap.ts";
import { startTestGateway, storedIn } from "../../test/gateway/gateway.ts";
import { partsSuite } from "../../test/gateway/suite.ts";
import { startNode } from "../../test/harness/process.ts";
import { until } from "../../test/harness/wait.ts";
import { startIdentity } from "../identity/app.ts";
import { startLeads } from "../leads/app.ts";
import { startProjections } from "../projections/app.ts";
import { startRelay } from "../relay/app.ts";

const { test, parts, atEnd } = await partsSuite("a process without the master key");
const [masterKey, next] = [randomBytes(32), randomBytes(32)];
const roles = [startRelay, startIdentity, startLeads];
let uninformed = await startTestGateway(parts, { masterKey, instance: "uninformed" }, roles);
const informed = await startTestGateway(
  parts,
  { masterKey: next, readableMasterKeys: [masterKey], instance: "informed" },
  [startProjections],
);
atEnd(() => informed.stop());
atEnd(() => uninformed.stop());
await rewrapKeys(informed.database(), createMasterKeys({ current: next, readable: [masterKey] }));

/** More often than a submission is tried before it becomes a dead letter. */
const OFTEN = 6;
const lead = { email: "ada@example.com", phone: "+12025550143", full_name: "Ada Lovelace" };
const key = randomUUID();

const typesOf = async (id: string): Promise<string[]> =>
  (await storedIn(`submission-${id}`, informed)).map(({ type }) => type);
const nothingSecretIn = (text: string): void => {
  for (const master of [masterKey, next])
    for (const encoding of ["base64", "base64url", "hex"] as const)
      assert.not.match(text, master.toString(encoding));
};

test("takes nothing in that it could not seal, and says that repeating is safe", async () => {
  const { status, headers, text } = await uninformed.submit(lead, { key });
  assert.is(status, 503);
  assert.ok(headers["retry-after"]);
  assert.not.match(text, "master");
  assert.equal(await storedIn("submission-", informed), []);
});

test("is not ready, and names the variable that would help", async () => {
  const { status, body, text } = await uninformed.call("/readyz");
  assert.is(status, 503);
  assert.match(body.dependencies.vault.detail, "MASTER_KEYS_READABLE");
  assert.match(uninformed.logged(), "UnknownMasterKey");
  nothingSecretIn(text);
  nothingSecretIn(uninformed.logged());
  assert.is((await informed.call("/readyz")).status, 200);
});

test("lets submissions that it can't open wait, answers 503 about them, and dead-letters none", async () => {
  const { status, body } = await informed.submit(lead, { key });
  assert.is(status, 202);
  await until("its actor has met it again and again", () => {
    const waited = uninformed.logged().split("leads wait for an outage to end").length - 1;
    return waited > OFTEN;
  });
  assert.equal(await typesOf(body.id), ["SubmissionReceived"]);
  const read = await until("the read model has it", async () => {
    const answer = await uninformed.admin("GET", `/api/leads/${body.id}`);
    return answer.status !== 404 && answer;
  });
  assert.is(read.status, 503);
  assert.is((await informed.admin("GET", `/api/leads/${body.id}`)).body.payload.email, lead.email);
});

test("is not even started when the wrong one is all it has, and says what to give it", async () => {
  const { config } = informed;
  const why = await startNode(new URL("./main.ts", import.meta.url).pathname, {
    PORT: "0",
    NATS_URL: config.natsUrl,
    EVENTSTORE_URL: config.eventstoreUrl,
    DATABASE_URL: config.databaseUrl,
    MASTER_KEY: masterKey.toString("base64"),
    ADMIN_TOKEN: "token-of-the-tests",
    DATA_DIR: config.dataDir,
  }).then(
    () => "it started",
    (error: Error) => error.message,
  );
  assert.match(why, /ended with 1 before it was ready/);
  assert.match(why, /could not start/);
  assert.match(why, "give it as MASTER_KEY or MASTER_KEY_FILE, or among MASTER_KEYS_READABLE");
  nothingSecretIn(why);
});

test("started again with the key it goes on with them", async () => {
  await uninformed.stop();
  uninformed = await startTestGateway(
    parts,
    { masterKey, readableMasterKeys: [next], instance: "again" },
    roles,
  );
  const { status, body } = await uninformed.submit(lead, { key });
  assert.is(status, 202);
  assert.is(body.duplicate, true);
  const types = await until("it has ended", async () => {
    const found = await typesOf(body.id);
    return found.length > 1 && found;
  });
  assert.equal(types, ["SubmissionReceived", "PersonIdentified", "SubmissionUnrouted"]);
});

test.run();
