// Identity: one writer for the whole yard says who is who. Whoever holds the lease answers, the others stand by.

import { PersonNamed, Questions } from "#domain/identity/question.ts";
import {
  FORGET_SUBJECT,
  IDENTIFY_SUBJECT,
  NEW_IDENTITY_WRITER_SUBJECT,
  SPLIT_SUBJECT,
} from "#platform/bus/subjects.ts";
import { holdLeases, type Lease } from "#platform/leases.ts";
import { startStep } from "#platform/start-step.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { forgetAgain } from "./forget-again.ts";
import { type IdentityParts, loadIndex } from "./load-index.ts";
import { createSnapshots } from "./snapshots.ts";
import { createStandby } from "./standby.ts";
import { NotAnswered, openIdentityWriter } from "./writer.ts";

/** Every submission waits for it, so it is taken over as fast as a partition. */
const LEASE_MS = 4_000;

interface Served {
  close(): Promise<void>;
}

export async function startIdentity(yard: Yard): Promise<Serving> {
  const { log, config, lifecycle } = yard;
  const bus = await yard.bus();
  const vault = await yard.vault();
  const snapshots = await startStep(yard, "snapshots", () => createSnapshots(yard.database(), log));
  const parts: IdentityParts = { eventStore: yard.eventStore(), vault, snapshots, log };
  const standby = createStandby(() => loadIndex(parts), log);
  let serving: Served | undefined;

  async function serveWhile(lease: Lease): Promise<Served> {
    // Where it can't be loaded, as by a release that does not know all events, another process gets the lease.
    const loaded = await loadIndex(parts, await standby.take());
    const stopping = new AbortController();
    const writer = openIdentityWriter({ ...parts, lease, loaded, stopping: stopping.signal });
    await forgetAgain({ vault, writer, log });
    let isFirst = true;
    const serve = (subject: string, answer: (asked: unknown) => Promise<object>) =>
      // A queue of its own: a question shared out among all would be lost with a process that sleeps.
      bus.serve(subject, `identity-${config.instance}`, async ({ data }) =>
        inJson(() => answer(JSON.parse(Buffer.from(data).toString("utf8")))),
      );
    const listening = await Promise.all([
      serve(IDENTIFY_SUBJECT, async (asked) => {
        const answers = await writer.ask(Questions.parse(asked));
        if (isFirst) log.debug({ questions: answers.length }, "first identity questions answered");
        isFirst = false;
        return answers;
      }),
      serve(SPLIT_SUBJECT, (asked) => {
        const { person_id, by } = PersonNamed.parse(asked);
        return writer.split(person_id, by);
      }),
      serve(FORGET_SUBJECT, (asked) => {
        const { person_id, by } = PersonNamed.parse(asked);
        return writer.forget(person_id, new Date(), by);
      }),
    ]);
    bus.broadcast(NEW_IDENTITY_WRITER_SUBJECT, new Uint8Array());
    log.info("identity writer serving");
    return {
      async close() {
        stopping.abort();
        await Promise.all(listening.map((one) => one.close()));
        await writer.close();
      },
    };
  }

  const leases = holdLeases({
    bus,
    group: "identity",
    names: () => ["writer"],
    instance: config.instance,
    ttlMs: LEASE_MS,
    log,
    async onGained(_name, lease) {
      serving = await serveWhile(lease);
    },
    onOverdue: () => standby.prepare(),
    async onLost() {
      await serving?.close();
      serving = undefined;
    },
  });
  lifecycle.own("identity", () => leases.close());
  return {};
}

/** Empty where nothing was stored here: whoever asked asks again, perhaps another process. */
async function inJson(answer: () => Promise<object>): Promise<Uint8Array> {
  try {
    return Buffer.from(JSON.stringify(await answer()));
  } catch (error) {
    if (error instanceof NotAnswered) return new Uint8Array();
    throw error;
  }
}
