// Takes in what a step of a campaign submits: an ordinary submission, whose source is the campaign. The same key makes the same one.
import { z } from "zod";
import { CampaignId, SourceId } from "#domain/ids.ts";
import { Kind } from "#domain/submission/events.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { CAMPAIGN_SUBMIT_SUBJECT } from "#platform/bus/subjects.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import { inWords } from "../http/problem.ts";
import { transient } from "../intake/nats.ts";
import { checkPayload } from "../intake/payload.ts";
import { submissionIdOf } from "../intake/receive.ts";
import type { SubmissionStore } from "../intake/store.ts";
import { isRefusal, type Refusal } from "../refusal.ts";

export interface CampaignSubmissionsParts {
  readonly bus: Pick<Bus, "serve">;
  readonly store: SubmissionStore;
  readonly lifecycle: Lifecycle;
}

const Order = z.object({
  campaign: CampaignId,
  kind: Kind,
  key: z.string(),
  payload: z.record(z.string(), z.unknown()),
});
type Order = z.infer<typeof Order>;

type Answer = { readonly id: string } | { readonly refused: string };

export async function serveCampaignSubmissions(parts: CampaignSubmissionsParts): Promise<void> {
  const { bus, store, lifecycle } = parts;
  const serving = await bus.serve(CAMPAIGN_SUBMIT_SUBJECT, "gateway", async ({ data }) => {
    const order = Order.parse(JSON.parse(Buffer.from(data).toString("utf8")));
    return Buffer.from(JSON.stringify(await takeIn(order, store)));
  });
  lifecycle.own("submissions of campaigns", () => serving.close());
}

async function takeIn({ campaign, kind, key, payload }: Order, store: SubmissionStore): Promise<Answer> {
  const checked = checkPayload(kind, payload);
  if (isRefusal(checked)) return { refused: `submission_${reasonOf(checked)}` };
  const source = SourceId.parse(campaign);
  const id = submissionIdOf(source, key);
  const result = await store.put(
    { kind, source, received_at: new Date().toISOString(), idempotency_key: key, ...checked },
    { id, text: JSON.stringify(payload), trace: undefined, parent: undefined, canWait: true },
  );
  if (!isRefusal(result)) return { id: result.id };
  return { refused: transient.has(result.reason) ? "later" : `submission_${reasonOf(result)}` };
}

/** Where something of it is wrong, what; never the value. */
const reasonOf = ({ reason, errors = [] }: Refusal): string =>
  errors.length === 0 ? reason : `${reason}: ${inWords(errors)}`;
