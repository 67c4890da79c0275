// What the gateway asks of a partner's owner: how much of the caps is used, and to take back a delivery that the partner returns,
// and to record what somebody found out about one in doubt.
import { capsUsed } from "#domain/partner/capacity.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { partnerEvents, partnerStream } from "#domain/partner/events.ts";
import {
  PartnerReply,
  PartnerRequest,
  type ReconcileRequest,
  type ReturnRequest,
} from "#domain/partner/request.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { PartnerWriter } from "./partner-writer.ts";
import type { SnapshotsOfPartner } from "./snapshots.ts";

export interface RequestParts {
  readonly configured: () => ConfiguredPartner;
  readonly writer: PartnerWriter;
  readonly snapshots: Pick<SnapshotsOfPartner, "lookUp">;
  readonly eventStore: Pick<EventStore, "readStream">;
}

const codec = createCodec(partnerEvents);

/** Rejects where this process can't say. */
export async function replyTo(data: Uint8Array, parts: RequestParts): Promise<Uint8Array> {
  const request = PartnerRequest.parse(JSON.parse(Buffer.from(data).toString("utf8")));
  return Buffer.from(JSON.stringify(PartnerReply.parse(await reply(request, parts))));
}

async function reply(request: PartnerRequest, parts: RequestParts): Promise<PartnerReply> {
  const { writer, configured } = parts;
  if (!(await writer.open()) || writer.state === undefined) return { refused: "unavailable" };
  switch (request.type) {
    case "caps_used":
      return { caps_used: capsUsed(configured().config, writer.state.use, Date.now()) };
    case "return":
      return takeBack(request, parts);
    case "reconcile":
      return reconcile(request, writer);
  }
}

async function takeBack(request: ReturnRequest, parts: RequestParts): Promise<PartnerReply> {
  const { type: _, revisions, by, ...about } = request;
  const attempt = await successfulAttempt(request, parts);
  if (attempt === undefined) return { refused: "not_delivered" };
  const past = await parts.snapshots.lookUp(about);
  const command = { type: "return_delivery", ...about, ...attempt, past } as const;
  const { decision, position } = await parts.writer.write({ command, by });
  if (decision.accepted) return { returned_at: `${position}` };
  const { reason } = decision;
  return { refused: reason === "not_delivered" || reason === "already_returned" ? reason : "unavailable" };
}

async function reconcile(
  { type: _, by, ...about }: ReconcileRequest,
  writer: PartnerWriter,
): Promise<PartnerReply> {
  const { decision, position } = await writer.write({
    command: { type: "reconcile_delivery", ...about },
    by,
  });
  if (decision.accepted) return { reconciled_at: `${position}` };
  return { refused: decision.reason === "not_in_doubt" ? "not_in_doubt" : "unavailable" };
}

/** As the partner's stream has it. */
async function successfulAttempt(
  { partner, delivery_id, revisions }: ReturnRequest,
  { eventStore }: RequestParts,
): Promise<{ readonly started_at: number; readonly price?: number } | undefined> {
  const stream = partnerStream(partner);
  const pages = await Promise.all(
    revisions.map((revision) => eventStore.readStream(stream, { from: BigInt(revision), maxCount: 1 })),
  );
  let started_at: number | undefined;
  for (const stored of pages.flat()) {
    const decoded = codec.decode(stored);
    if (!decoded.known) continue;
    const { type, data } = decoded.event;
    if (!("delivery_id" in data) || data.delivery_id !== delivery_id) continue;
    if (type === "DeliveryStarted") started_at = Date.parse(data.started_at);
    const isDelivered =
      type === "DeliverySucceeded" || (type === "DeliveryReconciled" && data.outcome === "delivered");
    if (isDelivered && started_at !== undefined)
      return { started_at, ...(data.price !== undefined && { price: data.price }) };
  }
  return undefined;
}
