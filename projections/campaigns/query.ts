// What people ask about campaigns: how many members are where, who they are, and what happened to one of them.
import { campaignEvents, campaignStream, type MemberStatus } from "#domain/campaign/events.ts";
import type { CampaignId, MemberId } from "#domain/ids.ts";
import { memberContext } from "#domain/seal-contexts.ts";
import type { Database } from "#platform/database.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { preparedOnce } from "../checkpoint.ts";
import { pageOf, positionOf } from "../cursor.ts";
import { type PositionWatch, positionWatch } from "../reached.ts";
import { noMembers } from "./counts.ts";
import type { MemberRow } from "./member.ts";
import { campaignsModel, type ImportRow } from "./projection.ts";

export interface StepCount {
  readonly entered: number;
  readonly left: number;
  readonly failed: number;
  readonly waiting: number;
  readonly working: number;
}

export interface CampaignFigures {
  readonly counts: Readonly<Record<MemberStatus, number>>;
  /** By step. */
  readonly funnel: ReadonlyMap<string, StepCount>;
  readonly next_due_at: string | undefined;
  readonly import:
    | (Omit<ImportRow, "campaign" | "import_id" | "reason"> & { readonly reason?: string })
    | undefined;
}

export interface ShownMember {
  readonly id: MemberId;
  /** Null once it can't be read any more. */
  readonly email: string | null;
  readonly full_name?: string;
  readonly status: MemberStatus;
  readonly step: string | null;
  readonly version?: number;
  readonly due_at?: string;
  readonly reason?: string;
  readonly attempts?: number;
  readonly sentiment?: string;
  readonly updated_at: string;
}

export interface MemberEntry {
  readonly position: string;
  readonly at: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface MemberFilter {
  readonly status?: MemberStatus | undefined;
  readonly step?: string | undefined;
  readonly id?: MemberId | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface CampaignQueries extends PositionWatch {
  /** Of all of them in one look, so that they fit each other. */
  figures(campaign: CampaignId): Promise<CampaignFigures>;
  allCounts(): Promise<ReadonlyMap<string, Record<MemberStatus, number>>>;
  /** In the order in which they were added. Throws InvalidCursor. */
  members(
    campaign: CampaignId,
    filter: MemberFilter,
  ): Promise<{ readonly items: ShownMember[]; readonly next_cursor?: string }>;
  member(
    campaign: CampaignId,
    id: MemberId,
  ): Promise<
    | (ShownMember & {
        readonly fields: Readonly<Record<string, unknown>> | null;
        readonly timeline: MemberEntry[];
      })
    | undefined
  >;
}

export interface CampaignQueryParts {
  readonly database: Database;
  readonly eventStore: Pick<EventStore, "readStream">;
  readonly vault: Pick<Vault, "openReadable">;
}

const codec = createCodec(campaignEvents);

export function createCampaignQueries({ database, eventStore, vault }: CampaignQueryParts): CampaignQueries {
  const ready = preparedOnce(database, campaignsModel);
  const watch = positionWatch(database, campaignsModel.name);

  /** What each was added with, in the clear. */
  async function fieldsOf(rows: readonly MemberRow[]): Promise<(Record<string, unknown> | undefined)[]> {
    const events = new Map<string, Promise<unknown>>();
    const keyOf = ({ campaign, revisions }: MemberRow): string => `${campaign} ${revisions[0]}`;
    for (const row of rows)
      if (!events.has(keyOf(row)))
        events.set(
          keyOf(row),
          eventStore
            .readStream(campaignStream(row.campaign), { from: BigInt(row.revisions[0] ?? 0), maxCount: 1 })
            .then(([stored]) => stored?.data),
        );
    const sealed = await Promise.all(
      rows.map(async (row) => {
        const added = campaignEvents.MembersAdded.schema.safeParse(await events.get(keyOf(row))).data;
        return added?.members.find(({ member_id }) => member_id === row.member_id)?.sealed;
      }),
    );
    const items = rows.flatMap(({ member_id }, n) => {
      const one = sealed[n];
      return one === undefined ? [] : [{ sealed: one, context: memberContext(member_id) }];
    });
    const opened = (await vault.openReadable(items)).values();
    return sealed.map((one) =>
      one === undefined ? undefined : (opened.next().value as Record<string, unknown>),
    );
  }

  async function timelineOf({ campaign, revisions }: MemberRow): Promise<MemberEntry[]> {
    const stream = campaignStream(campaign);
    const pages = await Promise.all(
      revisions.map((revision) => eventStore.readStream(stream, { from: BigInt(revision), maxCount: 1 })),
    );
    return pages.flat().flatMap((stored): MemberEntry[] => {
      const decoded = codec.decode(stored);
      if (!decoded.known) return [];
      const about = { position: `${stored.position}`, at: stored.metadata.at, type: stored.type };
      if (decoded.event.type === "MembersAdded") return [about];
      const {
        campaign: _,
        member_id: __,
        sealed: ___,
        ...told
      } = decoded.event.data as Record<string, unknown>;
      return [{ ...told, ...about }];
    });
  }

  return {
    async figures(campaign) {
      await ready();
      return database.transaction(async (within) => {
        await within.execute("set transaction isolation level repeatable read read only");
        const statuses = await within.query<{ status: MemberStatus; members: bigint }>(
          "select status, members from campaigns.status_count where campaign = $1",
          [campaign],
        );
        const steps = await within.query<
          Record<"left_by" | "failed" | "waiting" | "working", bigint> & { step: string }
        >("select step, left_by, failed, waiting, working from campaigns.step_count where campaign = $1", [
          campaign,
        ]);
        const [due] = await within.query<{ due_at: Date | null }>(
          "select min(due_at) as due_at from campaigns.member where campaign = $1 and due_at is not null",
          [campaign],
        );
        const [imported] = await within.query<ImportRow>(
          "select * from campaigns.import where campaign = $1",
          [campaign],
        );
        return {
          counts: {
            ...noMembers(),
            ...Object.fromEntries(statuses.map((row) => [row.status, Number(row.members)])),
          },
          funnel: new Map(steps.map((row) => [row.step, stepCount(row)])),
          next_due_at: due?.due_at?.toISOString(),
          import: imported && shownImport(imported),
        };
      });
    },
    async allCounts() {
      await ready();
      const rows = await database.query<{ campaign: string; status: MemberStatus; members: bigint }>(
        "select campaign, status, members from campaigns.status_count",
      );
      const all = new Map<string, Record<MemberStatus, number>>();
      for (const { campaign, status, members } of rows)
        all.set(campaign, { ...(all.get(campaign) ?? noMembers()), [status]: Number(members) });
      return all;
    },
    async members(campaign, { status, step, id, limit, cursor }) {
      await ready();
      const found = await database.query<MemberRow & { position: bigint }>(
        `select *, place as position from campaigns.member
          where campaign = $1 and ($2::text is null or status = $2) and ($3::text is null or step = $3)
            and ($4::uuid is null or member_id = $4) and ($5::bigint is null or place > $5)
          order by place limit $6`,
        [
          campaign,
          status ?? null,
          step ?? null,
          id ?? null,
          cursor === undefined ? null : positionOf(cursor),
          limit + 1,
        ],
      );
      const page = pageOf(found, limit);
      const fields = await fieldsOf(page.rows);
      return { items: page.rows.map((row, n) => shown(row, fields[n])), ...page.next };
    },
    async member(campaign, id) {
      await ready();
      const [row] = await database.query<MemberRow>(
        "select * from campaigns.member where campaign = $1 and member_id = $2",
        [campaign, id],
      );
      if (row === undefined) return undefined;
      const [[fields], timeline] = await Promise.all([fieldsOf([row]), timelineOf(row)]);
      return { ...shown(row, fields), fields: fields ?? null, timeline };
    },
    position: () => ready().then(watch.position),
    reached: (position, timeoutMs) => ready().then(() => watch.reached(position, timeoutMs)),
  };
}

function stepCount(row: Readonly<Record<"left_by" | "failed" | "waiting" | "working", bigint>>): StepCount {
  const [left, failed, waiting, working] = [row.left_by, row.failed, row.waiting, row.working].map(
    Number,
  ) as [number, number, number, number];
  return { entered: left + failed + waiting + working, left, failed, waiting, working };
}

function shownImport({
  state,
  pages,
  added,
  duplicates,
  invalid,
  reason,
}: ImportRow): CampaignFigures["import"] {
  const counts = { added: Number(added), duplicates: Number(duplicates), invalid: Number(invalid) };
  return { state, pages, ...counts, ...(reason !== null && { reason }) };
}

const textIn = (fields: Readonly<Record<string, unknown>> | undefined, name: string): string | undefined =>
  typeof fields?.[name] === "string" ? (fields[name] as string) : undefined;

function shown(row: MemberRow, fields: Readonly<Record<string, unknown>> | undefined): ShownMember {
  const { status, step, version, due_at, reason, attempts, sentiment, updated_at } = row;
  const full_name = textIn(fields, "full_name");
  return {
    id: row.member_id,
    email: textIn(fields, "email") ?? null,
    ...(full_name !== undefined && { full_name }),
    status,
    step,
    ...(version > 0 && { version }),
    ...(due_at !== null && { due_at: due_at.toISOString() }),
    ...(reason !== null && { reason }),
    ...(attempts > 0 && { attempts }),
    ...(sentiment !== null && { sentiment }),
    updated_at: updated_at.toISOString(),
  };
}
