import { cp, rm } from "node:fs/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import { unpackEvent } from "#platform/event-store/event-mail.ts";
import { createLeadQueries } from "#projections/leads/query.ts";
import { createProgressQueries } from "#projections/progress.ts";
import { startEventStore, temporaryFolder } from "../../test/eventstore/server.ts";
import { until } from "../../test/harness/wait.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { startIdentity } from "../identity/app.ts";
import { startLeads } from "../leads/app.ts";
import { startProjections } from "../projections/app.ts";
import { startRelay } from "./app.ts";

const test = suite("what was restored from an older copy");
const roles = [startRelay, startIdentity, startLeads, startProjections];
let yard: TestYard;
let restarted: Awaited<ReturnType<typeof startEventStore>> | undefined;

test.before.each(async () => {
  yard = await startTestYard({ leadPartitions: 1 });
  await yard.partner("edu");
  await yard.rule({ to: PartnerId.parse("edu") });
});
test.after.each(async () => {
  await yard.stop();
  await restarted?.kill();
  restarted = undefined;
});

const person = (n: number) => ({ email: `p${n}@example.com`, phone: `+1555000${n}` });

/** Stops the store, does something with its folder, and starts it where it was. */
async function withStoreStopped(work: (dir: string) => Promise<void>): Promise<void> {
  const { dir, port } = yard.parts.store;
  await (restarted ?? yard.parts.store).stop();
  await work(dir);
  restarted = await startEventStore({ dir, port });
}

async function replaced(dir: string, by: string): Promise<void> {
  await rm(dir, { recursive: true });
  await cp(by, dir, { recursive: true });
}

test("a log: read models and mailboxes are made anew, and what comes then is worked off", async () => {
  const { own } = yard;
  const [database, eventStore, vault] = [own.database(), own.eventStore(), await own.vault()];
  const leads = createLeadQueries({ database, vault, eventStore });
  const progress = createProgressQueries({ database, eventStore });
  const copy = temporaryFolder("log-copy-");

  const first = await yard.start("first", ...roles);
  const kept = await yard.receive(person(1));
  await yard.reaches(kept, "SubmissionRouted");
  await first.stop();
  await withStoreStopped((dir) => cp(dir, copy, { recursive: true }));
  const second = await yard.start("second", ...roles);
  const lost = [2, 3, 4, 5, 6].map((n) => yard.receive(person(n)));
  for (const id of lost) await yard.reaches(await id, "SubmissionRouted");
  await until(
    "the lost ones are listed",
    async () => (await leads.byId(await (lost[4] as (typeof lost)[0])))?.status === "queued",
  );
  await second.stop();
  assert.ok((await own.health.ready()).ready);
  await withStoreStopped((dir) => replaced(dir, copy));

  const beyond = (await progress.list()).filter((one) => one.beyond_log);
  assert.ok(beyond.length > 0, "it can be seen before anybody mends it");
  const unready = await until("a process that has seen more is not ready", async () => {
    const { dependencies } = await own.health.ready();
    return dependencies.eventstore?.ok === false && dependencies.eventstore;
  });
  assert.match(unready.detail ?? "", /restored from an older copy; restart this process/);
  const third = await yard.start("third", ...roles);
  const came = await yard.receive(person(7));
  await yard.reaches(came, "SubmissionRouted");
  await until("it is listed", async () => (await leads.byId(came))?.status === "queued");
  assert.is((await leads.byId(kept))?.status, "queued");
  for (const id of lost) assert.is(await leads.byId(await id), undefined);
  await until("nothing is beyond the log", async () =>
    (await progress.list()).every((one) => !one.beyond_log && !one.rebuilding),
  );
  const again = await yard.receive(person(2));
  await yard.reaches(again, "SubmissionRouted");
  await third.stop();
});

test("JetStream, while the relay lives: what it lost is published again", async () => {
  await yard.start("relay", startRelay);
  const bus = await yard.own.bus();
  const isThere = async (stream: string): Promise<boolean> => {
    for (let seq = (await bus.lastMessage())?.seq ?? 0; seq > 0; seq -= 1) {
      const message = await bus.messageAt(seq);
      if (message !== undefined && message.data.length > 0 && unpackEvent(message.data).stream === stream)
        return true;
    }
    return false;
  };
  const { nats } = yard.parts;
  const copy = temporaryFolder("nats-copy-");
  const first = await yard.receive(person(1));
  await until("the first is published", () => isThere(`submission-${first}`));
  await nats.stop();
  await cp(nats.dir, copy, { recursive: true });
  await nats.restart();
  const second = await yard.receive(person(2));
  await until("the second is published", () => isThere(`submission-${second}`));
  await nats.stop();
  await replaced(nats.dir, copy);
  await nats.restart();
  await until("the second is published again", () => isThere(`submission-${second}`));
  const third = await yard.receive(person(3));
  await until("the third is published", () => isThere(`submission-${third}`));
});

test.run();
