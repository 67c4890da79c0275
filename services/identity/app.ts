// Identity: one writer for the whole yard says who is who. Whoever holds the lease answers, the others stand by.
import { type Answers, IDENTIFY_SUBJECT, Questions } from "#domain/identity/question.ts";
import { holdLeases, type Lease } from "#platform/leases.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { openWriter, type WriterParts } from "./writer.ts";

export async function startIdentity(yard: Yard): Promise<Serving> {
  const { log, config, lifecycle } = yard;
  const bus = await yard.bus();
  const parts: WriterParts = { eventStore: yard.eventStore(), vault: await yard.vault(), log };
  let serving: { close(): Promise<void> } | undefined;

  async function serveWhile(lease: Lease): Promise<{ close(): Promise<void> }> {
    const writer = await openWriter(parts, lease);
    const listening = await bus.serve(IDENTIFY_SUBJECT, "identity", async ({ data }) => {
      const questions = Questions.parse(JSON.parse(Buffer.from(data).toString("utf8")));
      const answers = await writer.ask(questions);
      return Buffer.from(JSON.stringify(answers satisfies ReturnType<typeof Answers.parse>));
    });
    return {
      async close() {
        await listening.close();
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
