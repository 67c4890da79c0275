// Identity: one writer for the whole yard says who is who. Whoever holds the lease answers, the others stand by.
import {
  FORGET_SUBJECT,
  IDENTIFY_SUBJECT,
  PersonNamed,
  Questions,
  SPLIT_SUBJECT,
} from "#domain/identity/question.ts";
import { holdLeases, type Lease } from "#platform/leases.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { createSnapshots } from "./snapshots.ts";
import { sweepIntakeKeys } from "./sweep.ts";
import { openWriter, type WriterParts } from "./writer.ts";

interface Served {
  close(): Promise<void>;
}

export async function startIdentity(yard: Yard): Promise<Serving> {
  const { log, config, lifecycle } = yard;
  const bus = await yard.bus();
  const vault = await yard.vault();
  const snapshots = await createSnapshots(yard.database(), log);
  const parts: WriterParts = { eventStore: yard.eventStore(), vault, snapshots, log };
  let serving: Served | undefined;

  async function serveWhile(lease: Lease): Promise<Served> {
    const writer = await openWriter(parts, lease);
    const serve = (subject: string, answer: (asked: unknown) => Promise<object>) =>
      bus.serve(subject, "identity", async ({ data }) =>
        Buffer.from(JSON.stringify(await answer(JSON.parse(Buffer.from(data).toString("utf8"))))),
      );
    const listening = await Promise.all([
      serve(IDENTIFY_SUBJECT, (asked) => writer.ask(Questions.parse(asked))),
      serve(SPLIT_SUBJECT, (asked) => writer.split(PersonNamed.parse(asked).person_id)),
      serve(FORGET_SUBJECT, (asked) => writer.forget(PersonNamed.parse(asked).person_id, new Date())),
    ]);
    const stopSweeping = sweepIntakeKeys(vault, log);
    return {
      async close() {
        stopSweeping();
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
    log,
    async onGained(_name, lease) {
      serving = await serveWhile(lease);
    },
    async onLost() {
      await serving?.close();
      serving = undefined;
    },
  });
  lifecycle.own("identity", () => leases.close());
  return {};
}
