// Which events wait for whose reaction: what the reconciler compares with what waits in the mailboxes.
import type { CampaignId, PartnerId, SubmissionId } from "#domain/ids.ts";
import type { Database } from "#platform/database.ts";
import { preparedOnce, readCheckpoint } from "../checkpoint.ts";
import { unfinishedModel } from "./projection.ts";

/** The event that waits for a reaction, and whose. */
export type Unfinished = {
  readonly submission_id: SubmissionId;
  /** Where the event stands. */
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly since: Date;
} & (
  | { readonly mailbox: "lead"; readonly partner: null }
  | { readonly mailbox: "partner"; readonly partner: PartnerId }
  | { readonly mailbox: "campaign"; readonly partner: null; readonly campaign: CampaignId }
);

export interface UnfinishedQueries {
  /** Of what waits for a reaction by now, in the order of the log; `after` is the position of the last one seen. */
  list(filter: {
    readonly olderThan: Date;
    readonly limit: number;
    readonly after?: bigint;
  }): Promise<Unfinished[]>;
  /** How far into the log this list reaches; 0 before anything. */
  checkpoint(): Promise<bigint>;
}

export function createUnfinishedQueries({ database }: { readonly database: Database }): UnfinishedQueries {
  const ready = preparedOnce(database, unfinishedModel);
  return {
    async list({ olderThan, limit, after = 0n }) {
      await ready();
      return database.query<Unfinished>(
        `select submission_id, mailbox, partner, campaign, stream, revision, position, since from unfinished.submission
          where position > $1 and since < $2 and (not_before is null or not_before < $2)
          order by position limit $3`,
        [after, olderThan, limit],
      );
    },
    async checkpoint() {
      await ready();
      return (await readCheckpoint(database, unfinishedModel.name))?.position ?? 0n;
    },
  };
}
