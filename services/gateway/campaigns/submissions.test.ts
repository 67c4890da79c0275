import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createLifecycle } from "#platform/lifecycle.ts";
import { type CampaignSubmissionsParts, serveCampaignSubmissions } from "./submissions.ts";

const test = suite("what a step of a campaign submits");

type Serve = CampaignSubmissionsParts["bus"]["serve"];

async function refusedFor(kind: string, payload: object): Promise<string | undefined> {
  const handler = Promise.withResolvers<Parameters<Serve>[2]>();
  const serve: Serve = async (_subject, _queue, handle) => {
    handler.resolve(handle);
    return { close: async () => undefined };
  };
  const store = { put: () => Promise.reject(new Error("it is taken in")) };
  const lifecycle = createLifecycle({ log: pino({ level: "silent" }), deadlineMs: 1_000 });
  await serveCampaignSubmissions({ bus: { serve }, store: store as never, lifecycle });
  const order = { campaign: "spring", kind, key: "one", payload };
  const answer = await (await handler.promise)({ data: Buffer.from(JSON.stringify(order)) } as never);
  return (JSON.parse(Buffer.from(answer as Uint8Array).toString("utf8")) as { refused?: string }).refused;
}

test("is refused with what is wrong, in the words of a dead letter of the intake", async () => {
  assert.is(
    await refusedFor("assistance", { topic: "sales" }),
    "submission_invalid: description is missing: expected string",
  );
  assert.is(
    await refusedFor("lead", {}),
    "submission_invalid: a lead needs at least one of email, phone, full_name (or first_name and last_name)",
  );
});

test.run();
