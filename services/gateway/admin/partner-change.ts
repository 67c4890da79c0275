// What PUT /api/partners/:id takes: the configuration as GET shows it, with secrets to be kept and figures to be ignored.
import { z } from "zod";
import { PartnerConfig } from "#domain/partner/config.ts";
import { ShownDelivery } from "#domain/partner/delivery-config.ts";
import { requestSchemas } from "../http/route-schema.ts";

requestSchemas.add(ShownDelivery, { id: "DeliveryChange" });

/** Shown beside the configuration, so that what was read can be written back; nothing of it can be changed so. */
const READ_ONLY = [
  "id",
  "version",
  "signed",
  "errors",
  "circuit_state",
  "paused",
  "paused_reason",
  "queue_depth",
  "held",
  "in_flight",
  "retry_at",
  "delivered",
  "failed",
  "dead_lettered",
  "duplicates",
  "caps_used",
] as const;
type ReadOnly = (typeof READ_ONLY)[number];

const ignored = z.unknown().optional().meta({ readOnly: true });

export const PartnerChange = PartnerConfig.extend({
  ...(Object.fromEntries(READ_ONLY.map((name) => [name, ignored])) as Record<ReadOnly, typeof ignored>),
  delivery: ShownDelivery,
}).register(requestSchemas, { id: "PartnerChange" });
type PartnerChange = z.infer<typeof PartnerChange>;

export function withoutReadOnly(change: PartnerChange): Omit<PartnerChange, ReadOnly> {
  const { ...configured } = change;
  for (const name of READ_ONLY) delete configured[name];
  return configured;
}
