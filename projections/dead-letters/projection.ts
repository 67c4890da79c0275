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
  version: 2,
  tables: [
    `create table letter (
      id uuid primary key,
      stage text not null,
      campaign text,
      added bigint,
      partner text,
      reason text not null,
      cause text,
      attempts int not null,
      at timestamptz not null,
      position bigint not null unique,
      revision bigint not null,
      in_doubt boolean not null,
      chosen_by uuid
    )`,
    "create index letter_by_stage on letter (stage, position desc)",
    "create index letter_by_partner on letter (partner, position desc)",
    "create index letter_by_request on letter (chosen_by, position) where chosen_by is not null",
    `create table request (
      id uuid primary key,
      position bigint not null,
      action text not null,
      reason text,
      asked_by text,
      count bigint not null,
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
        const changes = [...changed];
        changed = new Map();
        const gone = changes.flatMap(([id, row]) => (row === "gone" ? [id] : []));
        await Promise.all([
          gone.length > 0 &&
            target.execute(`delete from ${target.schema}.letter where id = any($1::uuid[])`, [gone]),
          letters.upsert(
            target,
            changes.flatMap(([, row]) => (row === "gone" ? [] : [row])),
          ),
        ]);
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

/** Undefined where it makes and moves no dead letter, as nearly everything. */
function changeBy({ event: { type, data }, raw }: Known): [string, DeadLetterRow | "gone"] | undefined {
  const { position, revision, metadata } = raw;
  const row = { position, revision, chosen_by: null, campaign: null, added: null };
  if (type === "SubmissionDeadLettered") {
    const { submission_id: id, stage, partner = null, reason, cause = null, attempts } = data;
    const [at, in_doubt] = [new Date(metadata.at), cause === "outcome_unknown"];
    return [id, { ...row, id, stage, partner, reason, cause, attempts, at, in_doubt }];
  }
  if (type === "SubmissionRefused" || type === "ReplyRefused") {
    const { refusal_id: id, reason, attempts = 1 } = data;
    const [at, stage] = [new Date(metadata.at), "intake" as const];
    return [id, { ...row, id, stage, partner: null, reason, cause: null, attempts, at, in_doubt: false }];
  }
  if (type === "MemberFailed" && data.dead) {
    const { member_id: id, campaign, added, reason, attempts } = data;
    const at = new Date(metadata.at);
    const about = { campaign, added: BigInt(added), partner: null, cause: null, in_doubt: false };
    return [id, { ...row, ...about, id, stage: "campaign", reason, attempts, at }];
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
    return ({ schema, execute }) =>
      execute(`update ${schema}.letter set in_doubt = false, cause = null, revision = $2 where id = $1`, [
        data.submission_id,
        raw.revision,
      ]);
  if (type === "RedriveRequested" || type === "DiscardRequested") return choose(event, raw);
  if (type === "RequestCarriedOut")
    return async ({ schema, execute }) => {
      const { request_id } = data;
      await execute(`update ${schema}.letter set chosen_by = null where chosen_by = $1`, [request_id]);
      await execute(`update ${schema}.request set carried_out = true where id = $1`, [request_id]);
    };
  return undefined;
}

type Requested = Exclude<DeadLetterEvent, { type: "RequestCarriedOut" }>;
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
       insert into ${schema}.request (id, position, action, reason, asked_by, count, carried_out)
         select $1::uuid, $2::bigint, $3::text, $4::text, $5::text, count(*), false from chosen
         on conflict do nothing`,
      [data.request_id, position, action, reason, metadata.by ?? null, ...params],
    );
}

/** Which dead letters a request chooses that comes now: the same condition counts them before. */
export function chosenBy(
  { ids, stage, partner }: Selection,
  action: DeadLetterAction,
  firstParam: number,
): { readonly where: string; readonly params: readonly unknown[] } {
  const [a, b, c] = [firstParam, firstParam + 1, firstParam + 2];
  const isFree = `chosen_by is null and ($${a}::uuid[] is null or id = any($${a}::uuid[]))`;
  const isMeant = `($${b}::text is null or stage = $${b}) and ($${c}::text is null or partner = $${c})`;
  return {
    where: `${isFree} and ${isMeant}${action === "redrive" ? " and not in_doubt" : ""}`,
    params: [ids ?? null, stage ?? null, partner ?? null],
  };
}
