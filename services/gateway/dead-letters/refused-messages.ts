// Puts messages that intake refused through it again, when whoever moves dead letters asks. It is taken in first and only then recorded
// that it was: whatever dies in between, the same key makes the same submission, and a reply is known by its id.
import { z } from "zod";
import { intakeEvents, intakeStream, RefusalId, RefusedMessage } from "#domain/intake/events.ts";
import { type RefusalCommand, type RefusalState, refusalDecider } from "#domain/intake/refusal.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { REDRIVE_REFUSED_SUBJECT } from "#platform/bus/subjects.ts";
import { changeStream } from "#platform/change.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeKnown, foldStream } from "#platform/fold-stream.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { TakenReply } from "../campaigns/replies.ts";
import type { ReplyIntake } from "../campaigns/reply-intake.ts";
import { recordedRefusal } from "../intake/dead-letters.ts";
import { kindIn, transient } from "../intake/nats.ts";
import type { Intake } from "../intake/receive.ts";
import type { Receipt } from "../intake/store.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";

export interface RefusedMessagesParts {
  readonly bus: Pick<Bus, "serve">;
  readonly intake: Intake;
  readonly replies: ReplyIntake;
  readonly eventStore: EventStore;
  readonly vault: Pick<Vault, "openReadable">;
  readonly lifecycle: Lifecycle;
}

const Order = z.object({ id: RefusalId, revision: z.coerce.bigint(), by: z.string() });
type Order = z.infer<typeof Order>;

/** "later": it could not be taken in just now, and nothing has changed. */
type Outcome = "moved" | "moved_already" | "later";

const codec = createCodec(intakeEvents);
const { initial, evolve, decide } = refusalDecider;
const DESTROYED = refusal("internal", { detail: "its data was destroyed" });
const CUT = refusal("too_large", { detail: "only its beginning was kept; have it sent again" });

export async function serveRefusedMessages(parts: RefusedMessagesParts): Promise<void> {
  const { bus, lifecycle } = parts;
  const serving = await bus.serve(REDRIVE_REFUSED_SUBJECT, "gateway", async ({ data }) => {
    const order = Order.parse(JSON.parse(Buffer.from(data).toString("utf8")));
    return Buffer.from(JSON.stringify({ outcome: await redrive(order, parts) }));
  });
  lifecycle.own("refused messages", () => serving.close());
}

async function redrive({ id, revision, by }: Order, parts: RefusedMessagesParts): Promise<Outcome> {
  const { eventStore, vault } = parts;
  const stream = intakeStream(id);
  const from = { state: initial, revision: "no_stream" } as const;
  const loaded = await foldStream({ eventStore, stream, decode: decodeKnown(codec), evolve, from });
  const { state } = loaded;
  if (state?.status !== "refused" || loaded.revision !== revision) return "moved_already";

  const { sealed, refused_at } = state.refused.data;
  const [opened] = await vault.openReadable([{ sealed, context: stream }]);
  const message = RefusedMessage.safeParse(opened).data;
  const at = Date.parse(refused_at);
  const result = message === undefined ? DESTROYED : await takeIn(message, state.refused, at, parts);
  if (isRefusal(result) && transient.has(result.reason)) return "later";
  const command: RefusalCommand = isRefusal(result)
    ? { type: "refuse_again", because: recordedRefusal(result) }
    : "member_id" in result
      ? { type: "take_in_reply", id, member_id: result.member_id }
      : { type: "take_in", id, submission_id: result.id };
  const changed = await changeStream({
    eventStore,
    stream,
    codec,
    initial,
    evolve,
    decide: (now, newest) =>
      newest === revision ? decide(command, now) : { accepted: false, reason: "moved" },
    by,
  });
  return changed.accepted ? "moved" : "moved_already";
}

/** As if it came now, but for its signature, which is judged by when it came. Counted once more where it is taken in after all. */
async function takeIn(
  { headers, body, encoding, truncated_from, headers_cut }: RefusedMessage,
  refused: RefusalState["refused"],
  at: number,
  { intake, replies }: RefusedMessagesParts,
): Promise<Receipt | TakenReply | Refusal> {
  if (truncated_from !== undefined || headers_cut) return CUT;
  const sent = { headers, body: Buffer.from(body, encoding), at };
  if (refused.type === "ReplyRefused")
    return replies({ ...sent, campaign: refused.data.campaign }).catch(() => refusal("internal"));
  const arrival = { ...sent, source: refused.data.source, kind: kindIn(headers) };
  const result = await intake
    .receiveUncounted({ ...arrival, canWait: true })
    .catch(() => refusal("internal"));
  if (!isRefusal(result)) intake.count(arrival, result);
  return result;
}
