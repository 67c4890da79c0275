// What PUT /api/partners/:id takes: the configuration as GET shows it, with secrets to be kept and figures to be ignored.
import { z } from "zod";
import { PartnerConfig } from "#domain/partner/config.ts";
import { HeaderName, HeaderValue, HttpDelivery, Secret } from "#domain/partner/delivery-config.ts";
import { HIDDEN } from "#domain/partner/secrets.ts";
import { flawsOf } from "../http/flaws.ts";
import { Refused, refusal } from "../refusal.ts";

const Hidden = z.literal(HIDDEN);

export const DeliveryChange = z.discriminatedUnion("type", [
  HttpDelivery.extend({
    headers: z.record(HeaderName, z.union([HeaderValue, Hidden])).optional(),
    secret: z.union([Secret, Hidden, z.null()]).optional(),
  }),
]);

/** Shown beside the configuration, so that what was read can be written back; nothing of it can be changed so. */
const READ_ONLY = [
  "id",
  "signed",
  "errors",
  "circuit_state",
  "paused",
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
  delivery: DeliveryChange,
});
export type PartnerChange = Omit<z.infer<typeof PartnerChange>, ReadOnly>;

/** 400 for what does not fit, 422 for a field that there is not. */
export function readChange(body: unknown): PartnerChange {
  const parsed = PartnerChange.safeParse(body);
  if (!parsed.success) {
    const isUnknown = parsed.error.issues.some(({ code }) => code === "unrecognized_keys");
    const errors = flawsOf(parsed.error);
    throw new Refused(refusal(isUnknown ? "unacceptable" : "invalid", { errors }));
  }
  const change = { ...parsed.data };
  for (const name of READ_ONLY) delete change[name];
  return change;
}
