// Which leads a page of a list shows, as a statement whose every filter is a range of an index.
import { SubmissionId } from "#domain/ids.ts";
import { statuses } from "#domain/submission/machine.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { momentOf } from "../cursor.ts";
import { hashesFor } from "./search.ts";

export interface LeadFilter {
  readonly status?: string | undefined;
  readonly partner?: string | undefined;
  readonly source?: string | undefined;
  readonly kind?: string | undefined;
  /** One person may be known under several ids. */
  readonly person_id?: string | readonly string[] | undefined;
  /** By which it was routed. */
  readonly rule?: string | undefined;
  /** Received then or later. */
  readonly from?: Date | undefined;
  /** Received before then. */
  readonly to?: Date | undefined;
  /** An id, an e-mail address, a phone number or a full name, exactly. */
  readonly q?: string | undefined;
  /** 1 to 200. */
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export const isId = (text: string): boolean => SubmissionId.safeParse(text).success;

type Statement = readonly [sql: string, params: readonly unknown[]];

/** The leads of the page are found first and get their payloads then, so that however the tables grew no other payload is read. */
export function pageOfLeads(vault: Vault, filter: LeadFilter): Statement {
  const newest = "order by received_at desc, position desc";
  const [found, params] = newestLeads(vault, filter, `${newest} limit ${filter.limit + 1}`);
  return [
    `select found.*, payload.sealed from (${found}) as found left join leads.payload using (position) ${newest}`,
    params,
  ];
}

/**
 * Of each column's index that begins with it and the status: the newest of each status, and of those the newest. Whatever is being
 * delivered is looked through, since it is in none of these.
 */
function newestLeads(vault: Vault, filter: LeadFilter, newest: string): Statement {
  const { where, params } = conditions(vault, filter);
  if (!isByOther(filter) || filter.status !== undefined || isNarrow(filter))
    return [`select * from leads.lead_state ${where} ${newest}`, params];
  const each = `$${params.length + 1}::text[]`;
  return [
    `(select newest.* from unnest(${each}) as one (status) cross join lateral (
       select * from leads.lead_state as lead ${where} and lead.status = one.status and ${STAYS} ${newest}) as newest)
     union all (select * from leads.lead_state ${where} and ${DELIVERING} and ${IN_ORDER} ${newest}) ${newest}`,
    [...params, statuses],
  ];
}

const OTHER_COLUMNS = ["partner", "source", "kind", "rule"] as const;
const isByOther = (filter: LeadFilter): boolean =>
  OTHER_COLUMNS.some((column) => filter[column] !== undefined);
/** True of every lead, and the condition of the indexes that no question with another filter may walk. */
export const IN_ORDER = "position > 0";
/** These have an index of their own. They are no more than partners are sent at a time, and each is soon something else. */
export const DELIVERING = "status = 'delivering'";
/** All others: the condition of the indexes with the status. */
export const STAYS = "status <> 'delivering'";

/** What a person sent, or what has a value, is little. */
const isNarrow = ({ person_id, q }: LeadFilter): boolean => person_id !== undefined || Boolean(q?.trim());

function conditions(vault: Vault, filter: LeadFilter): { where: string; params: unknown[] } {
  const all: string[] = [];
  const params: unknown[] = [];
  const add = (condition: (param: string) => string, value: unknown): void => {
    params.push(value);
    all.push(condition(`$${params.length}`));
  };
  for (const column of ["status", ...OTHER_COLUMNS] as const) {
    if (filter[column] !== undefined) add((param) => `${column} = ${param}`, filter[column]);
  }
  if (filter.person_id !== undefined) {
    // What is no id is nobody's.
    add((param) => `person_id = any(${param}::uuid[])`, [filter.person_id].flat().filter(isId));
  }
  if (filter.from !== undefined) add((param) => `received_at >= ${param}`, filter.from);
  if (filter.to !== undefined) add((param) => `received_at < ${param}`, filter.to);
  if (filter.cursor !== undefined) {
    const { at, position } = momentOf(filter.cursor);
    params.push(at, position);
    all.push(`(received_at, position) < ($${params.length - 1}, $${params.length})`);
  }
  const typed = filter.q?.trim();
  if (typed) {
    if (isId(typed)) add((param) => `(id = ${param} or person_id = ${param} or alias_id = ${param})`, typed);
    else
      add(
        (param) => `id in (select lead_id from leads.search where hash = any(${param}::bigint[]))`,
        hashesFor(vault, typed).map(String),
      );
  }
  if (!isByOther(filter) && !isNarrow(filter)) all.push(IN_ORDER);
  return { where: all.length === 0 ? "" : `where ${all.join(" and ")}`, params };
}
