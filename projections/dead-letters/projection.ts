// What lies among the dead letters, and which of it a request has chosen to be moved. A request chooses where it stands in the log, so that
// the same is chosen however often the model is built.
import { CAMPAIGN_STREAM_PREFIX } from "#domain/campaign/events.ts";
import {
  DEAD_LETTERS_STREAM_PREFIX,
  type DeadLetterEvent,
  type DeadStage,
  type RequestId,
  type Selection,
} from "#domain/dead-letter/request.ts";
import type { CampaignId, PartnerId } from "#domain/ids.ts";
import { INTAKE_STREAM_PREFIX } from "#domain/intake/events.ts";
import type { DeadCause } from "#domain/partner/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import { type Known, knownEvents } from "../decoding.ts";
import type { Projection, Target } from "../projection.ts";
import { table } from "../table.ts";
import { causeOf, recount } from "./causes.ts";

export interface DeadLetterRow {
  /** Of the submission, of the message that was refused, or of the member of a campaign. */
  readonly id: string;
  readonly stage: DeadStage;
  readonly campaign: CampaignId | null;
  /** In which event of the campaign's stream its fields stand. */
  readonly added: bigint | null;
  readonly partner: PartnerId | null;
  readonly reason: string;
  readonly cause: DeadCause | null;
  /** What it is counted and chosen by; see causeOf. */
  readonly shown_cause: string;
  readonly attempts: number;
  readonly at: Date;
  /** Of the event that made it one. */
  readonly position: bigint;
  /** Of the newest event of its stream: whoever moves it finds the stream there, or somebody else has moved it. */
  readonly revision: bigint;
  /** Its partner may have it: it is not sent again until somebody has found out. */
  readonly in_doubt: boolean;
  /** The request that has chosen it. */
  readonly chosen_by: RequestId | null;
}

export const deadLettersModel = {
  name: "dead_letters",
  version: 3,
  tables: [
    `create table letter (
      id uuid primary key,
      stage text not null,
      campaign text,
      added bigint,
      partner text,
      reason text not null,
      cause text,
      shown_cause text not null,
      attempts int not null,
      at timestamptz not null,
      position bigint not null unique,
      revision bigint not null,
      in_doubt boolean not null,
      chosen_by uuid
    )`,
    "create index letter_by_stage on letter (stage, position desc)",
    "create index letter_by_partner on letter (partner, position desc)",
    "create index letter_by_cause on letter (shown_cause, position desc)",
    "create index letter_by_request on letter (chosen_by, position) where chosen_by is not null",
    `create table cause (
      stage text not null,
      partner text not null,
      cause text not null,
      count bigint not null,
      primary key (stage, partner, cause)
    )`,
    `create table request (
      id uuid primary key,
      position bigint not null,
      action text not null,
      reason text,
      asked_by text,
      count bigint not null,
      to_move bigint not null,
      paused boolean not null,
      carried_out boolean not null
    )`,
    "create index request_in_order on request (position) where not carried_out",
  ],
} as const;

const letters = table<DeadLetterRow>(
  "letter",
  {
    id: "uuid",
    stage: "text",
    campaign: "text",
    added: "bigint",
    partner: "text",
    reason: "text",
    cause: "text",
    shown_cause: "text",
    attempts: "int",
    at: "timestamptz",
    position: "bigint",
    revision: "bigint",
    in_doubt: "boolean",
    chosen_by: "uuid",
  },
  ["id"],
);

export function deadLettersProjection(): Projection {
  return {
    ...deadLettersModel,
    prefixes: [
      SUBMISSION_STREAM_PREFIX,
      INTAKE_STREAM_PREFIX,
      DEAD_LETTERS_STREAM_PREFIX,
      CAMPAIGN_STREAM_PREFIX,
    ],
    async apply(target, stored) {
      // What is newest about each counts, up to the next event that looks at the rows.
      let changed = new Map<string, DeadLetterRow | "gone">();
      const flush = async (): Promise<void> => {
        const changes = changed;
        changed = new Map();
        await replace(target, changes);
      };
      for (const one of knownEvents(stored, target.onSkipped)) {
        const change = changeBy(one);
        if (change !== undefined) changed.set(...change);
        const byRows = looksAtRows(one);
        if (byRows === undefined) continue;
        await flush();
        await byRows(target);
      }
      await flush();
    },
  };
}

type Changes = ReadonlyMap<string, DeadLetterRow | "gone">;

/** With how many there are of each cause. */
async function replace(target: Target, changes: Changes): Promise<void> {
  if (changes.size === 0) return;
  const all = [...changes];
  const gone = all.flatMap(([id, row]) => (row === "gone" ? [id] : []));
  const made = all.flatMap(([, row]) => (row === "gone" ? [] : [row]));
  const before = await letters.find(target, [...changes.keys()]);
  await Promise.all([
    gone.length > 0 &&
      target.execute(`delete from ${target.schema}.letter where id = any($1::uuid[])`, [gone]),
    letters.upsert(target, made),
    recount(target, before, made),
    countMoved(
      target,
      before.flatMap(({ id, chosen_by }) =>
        chosen_by === null || isStillChosen(changes.get(id)) ? [] : [chosen_by],
      ),
    ),
  ]);
}

const isStillChosen = (row: DeadLetterRow | "gone" | undefined): boolean =>
  row !== undefined && row !== "gone" && row.chosen_by !== null;

/** What a request has chosen, and is one no more: a request for each. */
async function countMoved({ schema, execute }: Target, requests: readonly RequestId[]): Promise<void> {
  if (requests.length === 0) return;
  await execute(
    `update ${schema}.request set to_move = to_move - moved.count
       from (select id, count(*) from unnest($1::uuid[]) as id group by id) as moved where request.id = moved.id`,
    [requests],
  );
}

/** Undefined where it makes and moves no dead letter, as nearly everything. */
function changeBy({ event: { type, data }, raw }: Known): [string, DeadLetterRow | "gone"] | undefined {
  const { position, revision, metadata } = raw;
  const row = { position, revision, chosen_by: null, campaign: null, added: null };
  if (type === "SubmissionDeadLettered") {
    const { submission_id: id, stage, partner = null, reason, cause = null, attempts } = data;
    const [at, in_doubt] = [new Date(metadata.at), cause === "outcome_unknown"];
    const shown_cause = causeOf({ in_doubt, reason });
    return [id, { ...row, id, stage, partner, reason, cause, shown_cause, attempts, at, in_doubt }];
  }
  if (type === "SubmissionRefused" || type === "ReplyRefused") {
    const { refusal_id: id, reason, attempts = 1 } = data;
    const [at, stage] = [new Date(metadata.at), "intake" as const];
    const none = { partner: null, cause: null, in_doubt: false };
    return [
      id,
      { ...row, ...none, id, stage, reason, shown_cause: causeOf({ ...none, reason }), attempts, at },
    ];
  }
  if (type === "MemberFailed" && data.dead) {
    const { member_id: id, campaign, added, reason, attempts } = data;
    const at = new Date(metadata.at);
    const about = { campaign, added: BigInt(added), partner: null, cause: null, in_doubt: false };
    const shown_cause = causeOf({ ...about, reason });
    return [id, { ...row, ...about, id, stage: "campaign", reason, shown_cause, attempts, at }];
  }
  if (type === "MemberRedriven" || type === "MemberDiscarded") return [data.member_id, "gone"];
  if (type === "SubmissionRedriven" || type === "SubmissionDiscarded") return [data.submission_id, "gone"];
  if (type === "SubmissionReconciled" && data.outcome === "delivered") return [data.submission_id, "gone"];
  if (type === "RefusalRedriven" || type === "ReplyRedriven" || type === "RefusalDiscarded")
    return [data.refusal_id, "gone"];
  return undefined;
}

type ByRows = (target: Target) => Promise<unknown>;

/** Undefined where it needs no look at what is there, as nearly everything. */
function looksAtRows({ event, raw }: Known): ByRows | undefined {
  const { type, data } = event;
  if (type === "SubmissionReconciled" && data.outcome === "not_delivered")
    return async (target) => {
      const [row] = await letters.find(target, [data.submission_id]);
      if (row === undefined) return;
      const known = { ...row, in_doubt: false, cause: null, revision: raw.revision };
      await replace(target, new Map([[row.id, { ...known, shown_cause: causeOf(known) }]]));
    };
  if (type === "RedriveRequested" || type === "DiscardRequested") return choose(event, raw);
  if (type === "RequestPaused" || type === "RequestResumed")
    return ({ schema, execute }) =>
      execute(`update ${schema}.request set paused = $2 where id = $1`, [
        data.request_id,
        type === "RequestPaused",
      ]);
  if (type === "RequestCarriedOut")
    return async ({ schema, execute }) => {
      const { request_id } = data;
      await execute(`update ${schema}.letter set chosen_by = null where chosen_by = $1`, [request_id]);
      await execute(`update ${schema}.request set carried_out = true where id = $1`, [request_id]);
    };
  return undefined;
}

type Requested = Extract<DeadLetterEvent, { type: "RedriveRequested" | "DiscardRequested" }>;
export type DeadLetterAction = "redrive" | "discard";

function choose({ type, data }: Requested, { position, metadata }: Known["raw"]): ByRows {
  const action: DeadLetterAction = type === "RedriveRequested" ? "redrive" : "discard";
  const reason = "reason" in data ? data.reason : null;
  const { where, params } = chosenBy(data, action, 6);
  return ({ schema, execute }) =>
    execute(
      `with chosen as (
         update ${schema}.letter set chosen_by = $1 where ${where} returning id
       )
       insert into ${schema}.request (id, position, action, reason, asked_by, count, to_move, paused, carried_out)
         select $1::uuid, $2::bigint, $3::text, $4::text, $5::text, count(*), count(*), false, false from chosen
         on conflict do nothing`,
      [data.request_id, position, action, reason, metadata.by ?? null, ...params],
    );
}

/** Which dead letters a request chooses that comes now: the same condition counts them before. */
export function chosenBy(
  { ids, stage, partner, cause }: Selection,
  action: DeadLetterAction,
  firstParam: number,
): { readonly where: string; readonly params: readonly unknown[] } {
  const [a, b, c, d] = [firstParam, firstParam + 1, firstParam + 2, firstParam + 3];
  const isFree = `chosen_by is null and ($${a}::uuid[] is null or id = any($${a}::uuid[]))`;
  const isMeant =
    `($${b}::text is null or stage = $${b}) and ($${c}::text is null or partner = $${c}) ` +
    `and ($${d}::text is null or shown_cause = $${d})`;
  return {
    where: `${isFree} and ${isMeant}${action === "redrive" ? " and not in_doubt" : ""}`,
    params: [ids ?? null, stage ?? null, partner ?? null, cause ?? null],
  };
}
