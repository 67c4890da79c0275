// What waits for a time that is more than a minute away: an event with its due time makes a row, and what happens then takes it away.
import type { CampaignId, DeliveryId, PartnerId, SubmissionId } from "#domain/ids.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { knownEvents } from "../decoding.ts";
import type { Projection } from "../projection.ts";
import { table } from "../table.ts";

export interface TimerRow {
  readonly delivery_id: DeliveryId;
  readonly submission_id: SubmissionId;
  readonly partner: PartnerId;
  /** Of a campaign's send: where its stream says what is sent. */
  readonly campaign: CampaignId | null;
  readonly revision: bigint | null;
  readonly due_at: Date;
  /** Of the event that set it. */
  readonly position: bigint;
}

export const timersModel = {
  name: "timers",
  version: 2,
  tables: [
    `create table timer (
      delivery_id uuid primary key,
      submission_id uuid not null,
      partner text not null,
      campaign text,
      revision bigint,
      due_at timestamptz not null,
      position bigint not null
    )`,
  ],
  indexes: [
    "create index timer_in_order on timer (due_at, delivery_id)",
    "create index timer_by_position on timer (position)",
  ],
} as const;

const timers = table<TimerRow>(
  "timer",
  {
    delivery_id: "uuid",
    submission_id: "uuid",
    partner: "text",
    campaign: "text",
    revision: "bigint",
    due_at: "timestamptz",
    position: "bigint",
  },
  ["delivery_id"],
);

export function timersProjection(): Projection {
  return {
    ...timersModel,
    prefixes: [PARTNER_STREAM_PREFIX],
    async apply(target, stored) {
      // Of nearly every delivery nothing is written here.
      const newest = new Map<DeliveryId, TimerRow | "over">();
      for (const { event, raw } of knownEvents(stored, target.onSkipped)) {
        const { type, data } = event;
        if (type === "DeliveryFailed" && data.timer) {
          const { delivery_id, submission_id, partner, retry_at, sent_for } = data;
          const due_at = new Date(retry_at);
          const campaign = sent_for?.campaign ?? null;
          const revision = sent_for === undefined ? null : BigInt(sent_for.revision);
          const about = { delivery_id, submission_id, partner, campaign, revision };
          newest.set(delivery_id, { ...about, due_at, position: raw.position });
        } else if ("waited" in data && data.waited === "timer") newest.set(data.delivery_id, "over");
      }
      const set = [...newest.values()].filter((change) => change !== "over");
      const over = [...newest].filter(([, change]) => change === "over").map(([id]) => id);
      await Promise.all([
        over.length > 0 &&
          target.execute(`delete from ${target.schema}.timer where delivery_id = any($1::uuid[])`, [over]),
        timers.upsert(target, set),
      ]);
    },
  };
}
