// What people ask about leads; each answer stands in the contract's shape.
import type { Sealed } from "#domain/event.ts";
import type { DeliveryId, PartnerId, SubmissionId } from "#domain/ids.ts";
import { deliveryContext, submissionContext } from "#domain/seal-contexts.ts";
import { type Status, statuses } from "#domain/submission/machine.ts";
import { Submission } from "#domain/submission/submission.ts";
import { type Database, isMissingTable } from "#platform/database.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { preparedOnce } from "../checkpoint.ts";
import { pageByTime } from "../cursor.ts";
import { positionWatch } from "../reached.ts";
import { type LeadRow, revisionsOf } from "./lead.ts";
import { DELIVERING, IN_ORDER, isId, type LeadFilter, pageOfLeads, STAYS } from "./page.ts";
import { leadsModel } from "./projection.ts";
import { rowAt, type TimelineItem, type TimelineParts, timelineOf, type When } from "./timeline.ts";

export { InvalidCursor } from "../cursor.ts";
export type { TimelineItem, When } from "./timeline.ts";

export interface Lead {
  readonly id: string;
  readonly kind: string;
  readonly source: string;
  readonly status: string;
  readonly person_id?: string;
  readonly alias_id?: string;
  readonly partner?: string;
  readonly attempts: number;
  /** In the partner's own words, where it gave one that can be read. */
  readonly reason?: string;
  readonly price?: number;
  readonly received_at: string;
  readonly updated_at: string;
  /** The body as it came; null once the person is forgotten. */
  readonly payload: unknown;
  /** Only there, and true, where the key of the payload was destroyed. */
  readonly forgotten?: true;
  /** Only there, and true, where the lead is older than payloads are retained. */
  readonly expired?: true;
}

export interface LeadPage {
  readonly items: Lead[];
  readonly next_cursor?: string;
}

export interface LeadQueries {
  byId(id: string): Promise<Lead | undefined>;
  /** As it was then; undefined before it was received. */
  byIdAt(id: string, when: When): Promise<Lead | undefined>;
  /** Newest first. Throws InvalidCursor. */
  list(filter: LeadFilter): Promise<LeadPage>;
  /** Undefined when there is no such lead. */
  timeline(id: string): Promise<{ readonly items: TimelineItem[] } | undefined>;
  /** Where it is, or has ended; undefined when there is no such lead. */
  placeOf(id: string): Promise<LeadPlace | undefined>;
  /** What never changes about these leads. */
  originsOf(ids: readonly string[]): Promise<ReadonlyMap<string, LeadOrigin>>;
  /** As they are stored, of those that have one; of none while the model is not there. */
  sealedPayloads(ids: readonly string[]): Promise<ReadonlyMap<string, Sealed>>;
  /** Which of these keys leads that have not ended are sealed under, and which dead letters alone are. */
  keysInUse(keys: readonly string[]): Promise<KeyInUse[]>;
  /** How far into the log these answers reach. */
  position(): Promise<bigint>;
  /** True once the answers reach at least so far; false when that took longer. */
  reached(position: bigint, timeoutMs: number): Promise<boolean>;
}

export interface LeadOrigin {
  readonly kind: string;
  readonly source: string;
}

export interface LeadPlace {
  readonly id: SubmissionId;
  readonly status: Status;
  readonly partner: PartnerId | null;
  readonly delivery_id: DeliveryId | null;
  /** Where the partner's stream tells of it. */
  readonly revisions: readonly number[];
}

export interface KeyInUse {
  readonly key: string;
  /** A lead that has not ended needs it. */
  readonly open: boolean;
  /** Of the leads in question the one about which the newest event tells. */
  readonly newest: SubmissionId;
}

export interface LeadQueryParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly eventStore: TimelineParts["eventStore"];
}

export function createLeadQueries({ database, vault, eventStore }: LeadQueryParts): LeadQueries {
  // A gateway may be asked before any projection has run.
  const ready = preparedOnce(database, leadsModel);
  const watch = positionWatch(database, leadsModel.name);

  async function inTheClear(rows: readonly LeadWithPayload[]): Promise<Lead[]> {
    const told = rows.filter(hasWords);
    const retained = rows.filter(hasPayload);
    const opened = await vault.openReadable([
      ...retained.map(({ id, sealed }) => ({ sealed, context: submissionContext(id) })),
      ...told.map(({ delivery_id, sealed_reason: sealed }) => ({
        sealed,
        context: deliveryContext(delivery_id),
      })),
    ]);
    const payloads = new Map(retained.map(({ id }, index) => [id, opened[index]]));
    const words = new Map(told.map(({ id }, index) => [id, opened[retained.length + index]]));
    return rows.map((row) => answer(row, payloads.get(row.id), words.get(row.id)));
  }

  async function rowOf(id: string): Promise<LeadWithPayload | undefined> {
    if (!isId(id)) return undefined;
    await ready();
    return (await database.query<LeadWithPayload>("select * from leads.lead where id = $1", [id]))[0];
  }

  return {
    async byId(id) {
      const row = await rowOf(id);
      return row && (await inTheClear([row]))[0];
    },

    async byIdAt(id, when) {
      const row = await rowOf(id);
      const then = row && (await rowAt(row, when, eventStore));
      // The payload is the same all along, and its first key lives only for days.
      return row && then && (await inTheClear([{ ...then, sealed: row.sealed }]))[0];
    },

    async list(filter) {
      await ready();
      const found = await database.query<LeadWithPayload>(...pageOfLeads(vault, filter));
      const { rows, next } = pageByTime(found, filter.limit, ({ received_at }) => received_at);
      return { items: await inTheClear(rows), ...next };
    },

    async timeline(id) {
      const row = await rowOf(id);
      return row && { items: await timelineOf(row, { eventStore, vault }) };
    },

    async placeOf(id) {
      const row = await rowOf(id);
      if (row === undefined) return undefined;
      const { status, partner, delivery_id, partner_events } = row;
      const revisions = partner === null ? [] : revisionsOf(partner_events, partner);
      return { id: row.id, status, partner, delivery_id, revisions };
    },

    async originsOf(ids) {
      if (ids.length === 0) return new Map();
      await ready();
      const rows = await database.query<LeadOrigin & { readonly id: string }>(
        "select id, kind, source from leads.lead where id = any($1::uuid[])",
        [ids],
      );
      return new Map(rows.map(({ id, ...origin }) => [id, origin]));
    },

    async sealedPayloads(ids) {
      if (ids.length === 0) return new Map();
      const rows = await database
        .query<{ readonly id: string; readonly sealed: Sealed }>(
          "select id, sealed from leads.lead where id = any($1::uuid[]) and sealed is not null",
          [ids],
        )
        .catch((error) => {
          if (!isMissingTable(error)) throw error;
          return [];
        });
      return new Map(rows.map(({ id, sealed }) => [id, sealed]));
    },

    async keysInUse(keys) {
      await ready();
      return database.query<KeyInUse>(
        `with found as (
           select * from leads.lead_state where status = any($1) and ${STAYS} and ${IN_ORDER}
           union all select * from leads.lead_state where ${DELIVERING} and ${IN_ORDER})
         select sealed->>'key' as key, bool_or(status <> 'dead_lettered') as open,
                (array_agg(id order by last_position desc))[1] as newest
           from found join leads.payload using (position) where sealed->>'key' = any($2) group by 1`,
        [NOT_ENDED, keys],
      );
    },

    position: () => ready().then(watch.position),
    reached: (position, timeoutMs) => ready().then(() => watch.reached(position, timeoutMs)),
  };
}

const ENDED: ReadonlySet<Status> = new Set(["delivered", "duplicate", "rejected", "unrouted"]);
const NOT_ENDED = statuses.filter((status) => !ENDED.has(status));

/** A row of the view. */
interface LeadWithPayload extends LeadRow {
  /** Null where it has expired. */
  readonly sealed: Sealed | null;
}

const hasPayload = (row: LeadWithPayload): row is LeadWithPayload & { readonly sealed: Sealed } =>
  row.sealed !== null;

type LeadWithWords = LeadWithPayload & { readonly delivery_id: DeliveryId; readonly sealed_reason: Sealed };
const hasWords = (row: LeadWithPayload): row is LeadWithWords =>
  row.delivery_id !== null && row.sealed_reason !== null;

function answer(row: LeadWithPayload, opened: unknown, words: unknown): Lead {
  const submission = Submission.safeParse(opened);
  return {
    id: row.id,
    kind: row.kind,
    source: row.source,
    status: row.status,
    ...present("person_id", row.person_id),
    ...present("alias_id", row.alias_id),
    ...present("partner", row.partner),
    attempts: row.attempts,
    ...present("reason", typeof words === "string" ? words : row.reason),
    ...present("price", row.price),
    received_at: row.received_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    payload: submission.success ? submission.data.payload : null,
    ...(row.sealed === null ? { expired: true } : opened === undefined && { forgotten: true }),
  };
}

function present<Name extends string, Value>(name: Name, value: Value | null): { [N in Name]?: Value } {
  return value === null ? {} : ({ [name]: value } as { [N in Name]?: Value });
}
