// Which event is still owed to whom: what the reconciler compares with what is waiting in the mailboxes.
import type { Database } from "#platform/database.ts";
import { preparation, readCheckpoint } from "../checkpoint.ts";
import { unfinishedModel } from "./projection.ts";

export interface Unfinished {
  readonly submission_id: string;
  readonly mailbox: "lead" | "partner";
  readonly partner?: string;
  /** Where the owed event stands. */
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly since: Date;
}

export interface UnfinishedQueries {
  /** In the order of the log; `after` is the position of the last one seen. */
  list(filter: {
    readonly olderThan: Date;
    readonly limit: number;
    readonly after?: bigint;
  }): Promise<Unfinished[]>;
  /** How far into the log this list reaches; 0 before anything. */
  checkpoint(): Promise<bigint>;
}

type Row = Omit<Unfinished, "partner"> & { readonly partner: string | null };

export function createUnfinishedQueries({ database }: { readonly database: Database }): UnfinishedQueries {
  const ready = preparation(database, unfinishedModel);
  return {
    async list({ olderThan, limit, after = 0n }) {
      await ready();
      const rows = await database.query<Row>(
        `select submission_id, mailbox, partner, stream, revision, position, since from unfinished.owed
          where position > $1 and since < $2 order by position limit $3`,
        [after, olderThan, limit],
      );
      return rows.map(({ partner, ...row }) => (partner === null ? row : { ...row, partner }));
    },
    async checkpoint() {
      await ready();
      return (await readCheckpoint(database, unfinishedModel.name))?.position ?? 0n;
    },
  };
}
