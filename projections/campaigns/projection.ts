// Every member of every campaign as it is now, and how many are at which step.
import { CAMPAIGN_STREAM_PREFIX, type CampaignEvent, type Left } from "#domain/campaign/events.ts";
import type { CampaignId, MemberId } from "#domain/ids.ts";
import { type Known, knownEvents } from "../decoding.ts";
import type { Projection, Target } from "../projection.ts";
import { table } from "../table.ts";
import { Differences, dropEmpty } from "./counts.ts";
import { addedRows, evolveMember, type MemberRow, type OneMemberEvent } from "./member.ts";

export interface ImportRow {
  readonly campaign: CampaignId;
  readonly import_id: string;
  readonly state: "running" | "done" | "failed";
  readonly pages: number;
  readonly added: number;
  readonly duplicates: number;
  readonly invalid: number;
  readonly reason: string | null;
}

export const campaignsModel = {
  name: "campaigns",
  version: 2,
  tables: [
    `create table member (
      member_id uuid primary key,
      campaign text not null,
      place bigint not null,
      status text not null,
      step text,
      version int not null,
      work text,
      due_at timestamptz,
      reason text,
      attempts int not null,
      sentiment text,
      updated_at timestamptz not null,
      revisions json not null
    )`,
    "create index member_in_order on member (campaign, place)",
    `create table status_count (
      campaign text not null, status text not null, members bigint not null, primary key (campaign, status)
    )`,
    `create table step_count (
      campaign text not null,
      step text not null,
      left_by bigint not null,
      failed bigint not null,
      waiting bigint not null,
      working bigint not null,
      primary key (campaign, step)
    )`,
    `create table import (
      campaign text primary key,
      import_id text not null,
      state text not null,
      pages int not null,
      added bigint not null,
      duplicates bigint not null,
      invalid bigint not null,
      reason text
    )`,
  ],
  indexes: [
    "create index member_by_status on member (campaign, status, place)",
    "create index member_by_step on member (campaign, step, place)",
    "create index member_by_due on member (campaign, due_at) where due_at is not null",
  ],
} as const;

const members = table<MemberRow>(
  "member",
  {
    member_id: "uuid",
    campaign: "text",
    place: "bigint",
    status: "text",
    step: "text",
    version: "int",
    work: "text",
    due_at: "timestamptz",
    reason: "text",
    attempts: "int",
    sentiment: "text",
    updated_at: "timestamptz",
    revisions: "json",
  },
  ["member_id"],
);

/** What happens to a member changes; who it is, and where it was added, does not. */
const CHANGING = [
  "status",
  "step",
  "version",
  "work",
  "due_at",
  "reason",
  "attempts",
  "sentiment",
  "updated_at",
  "revisions",
] as const;

export function campaignsProjection(): Projection {
  return {
    ...campaignsModel,
    prefixes: [CAMPAIGN_STREAM_PREFIX],
    async apply(target, stored) {
      let batch: Known<CampaignEvent>[] = [];
      for (const one of knownEvents(stored, target.onSkipped)) {
        const known = one as Known<CampaignEvent>;
        const ofAll = changesAll(known.event);
        if (ofAll === undefined) {
          batch.push(known);
          continue;
        }
        // What is about all members looks at the rows as they are by then.
        await applyToMembers(target, batch);
        batch = [];
        await ofAll(target);
        await dropEmpty(target);
      }
      await applyToMembers(target, batch);
    },
  };
}

async function applyToMembers(target: Target, known: readonly Known<CampaignEvent>[]): Promise<void> {
  if (known.length === 0) return;
  const ids = new Set<MemberId>();
  for (const { event } of known) if (isAboutOne(event)) ids.add(event.data.member_id);
  const before = new Map((await members.find(target, [...ids])).map((row) => [row.member_id, row]));
  const changed = new Map<MemberId, MemberRow>();
  const differences = new Differences();
  for (const { event, raw } of known) {
    if (event.type === "MembersAdded") {
      for (const row of addedRows(event, raw)) {
        differences.moved(undefined, row);
        changed.set(row.member_id, row);
      }
      continue;
    }
    if (!isAboutOne(event)) continue;
    const row = changed.get(event.data.member_id) ?? before.get(event.data.member_id);
    const next = row && evolveMember(row, event, raw);
    if (row === undefined || next === undefined) {
      target.onSkipped(raw, "impossible");
      continue;
    }
    differences.moved(row, next);
    for (const step of stepsLeft(event)) differences.left(event.data.campaign, step);
    changed.set(event.data.member_id, next);
  }
  const rows = [...changed.values()];
  await members.upsert(
    target,
    rows.filter(({ member_id }) => !before.has(member_id)),
  );
  await members.update(
    target,
    rows.filter(({ member_id }) => before.has(member_id)),
    CHANGING,
  );
  await differences.add(target);
}

const isAboutOne = (event: CampaignEvent): event is OneMemberEvent => "member_id" in event.data;

function stepsLeft({ data }: OneMemberEvent): string[] {
  if (!("passed" in data)) return [];
  const { left, passed }: { left?: Left | undefined; passed: readonly string[] } = data;
  return [...(left === undefined ? [] : [left.step]), ...passed];
}

type OfAll = (target: Target) => Promise<unknown>;

/** Undefined where it is about single members. */
function changesAll({ type, data }: CampaignEvent): OfAll | undefined {
  switch (type) {
    case "MembersCancelled":
      return (target) => cancelAll(target, data.campaign);
    case "MembersMigrated":
      return (target) => migrate(target, data);
    case "ImportStarted":
      return ({ schema, execute }) =>
        execute(
          `insert into ${schema}.import (campaign, import_id, state, pages, added, duplicates, invalid)
            values ($1, $2, 'running', 0, 0, 0, 0)
            on conflict (campaign) do update set import_id = excluded.import_id, state = 'running', pages = 0,
              added = 0, duplicates = 0, invalid = 0, reason = null`,
          [data.campaign, data.import_id],
        );
    case "ImportPageTaken":
      return ({ schema, execute }) =>
        execute(
          `update ${schema}.import set pages = $2, added = added + $3, duplicates = duplicates + $4,
            invalid = invalid + $5, state = $6 where campaign = $1`,
          [
            data.campaign,
            data.page,
            data.added,
            data.duplicates,
            data.invalid,
            data.next === undefined ? "done" : "running",
          ],
        );
    case "ImportFailed":
      return ({ schema, execute }) =>
        execute(`update ${schema}.import set state = 'failed', reason = $2 where campaign = $1`, [
          data.campaign,
          data.reason,
        ]);
    default:
      return undefined;
  }
}

/** Whoever had entered a step has left it by that; what is being sent to somebody ends with an event of its own. */
const GONE =
  "campaign = $1 and (status in ('pending', 'waiting') or (status = 'working' and work <> 'send'))";

async function cancelAll({ schema, execute }: Target, campaign: CampaignId): Promise<void> {
  await execute(
    `insert into ${schema}.step_count (campaign, step, left_by, failed, waiting, working)
      select campaign, step, count(*), 0, -count(*) filter (where status = 'waiting'),
          -count(*) filter (where status = 'working')
        from ${schema}.member where ${GONE} and status <> 'pending' and step is not null group by 1, 2
      on conflict (campaign, step) do update set left_by = step_count.left_by + excluded.left_by,
        waiting = step_count.waiting + excluded.waiting, working = step_count.working + excluded.working`,
    [campaign],
  );
  await execute(
    `insert into ${schema}.status_count (campaign, status, members)
      select campaign, status, -count(*) from ${schema}.member where ${GONE} group by 1, 2
      union all select campaign, 'cancelled', count(*) from ${schema}.member where ${GONE} group by 1
      on conflict (campaign, status) do update set members = status_count.members + excluded.members`,
    [campaign],
  );
  await execute(
    `update ${schema}.member set status = 'cancelled', work = null, due_at = null where ${GONE}`,
    [campaign],
  );
}

async function migrate(
  { schema, execute }: Target,
  { campaign, version, steps }: Extract<CampaignEvent, { type: "MembersMigrated" }>["data"],
): Promise<void> {
  const names = Object.entries(steps);
  const params = [campaign, names.map(([from]) => from), names.map(([, to]) => to)];
  const moving = `${schema}.member join unnest($2::text[], $3::text[]) as way (old_step, new_step)
      on member.step = old_step where campaign = $1 and status in ('working', 'waiting', 'failed')`;
  const counted = (step: string, sign: string): string => `select campaign, ${step} as step, 0::bigint,
      ${sign}count(*) filter (where status = 'failed'), ${sign}count(*) filter (where status = 'waiting'),
      ${sign}count(*) filter (where status = 'working') from ${moving} group by 1, 2`;
  await execute(
    `insert into ${schema}.step_count (campaign, step, left_by, failed, waiting, working)
      select campaign, step, 0, sum(failed), sum(waiting), sum(working)
        from (${counted("old_step", "-")} union all ${counted("new_step", "")})
          as moved (campaign, step, left_by, failed, waiting, working) group by 1, 2
      on conflict (campaign, step) do update set failed = step_count.failed + excluded.failed,
        waiting = step_count.waiting + excluded.waiting, working = step_count.working + excluded.working`,
    params,
  );
  await execute(
    `update ${schema}.member set step = new_step, version = $4
      from unnest($2::text[], $3::text[]) as way (old_step, new_step)
      where campaign = $1 and step = old_step and status in ('pending', 'working', 'waiting', 'failed')`,
    [...params, version],
  );
}
