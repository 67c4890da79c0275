// What a read model is: tables, and what each event does to them. Who runs it need know nothing more.
import type { Queryable } from "#platform/database.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";

export interface Projection {
  /** Also the database schema in which its tables stand. */
  readonly name: string;
  /** Raised with every change of tables or of what events do to them: it is then built anew from the log. */
  readonly version: number;
  readonly prefixes: readonly string[];
  /** Its checkpoint moves with every event of the log, for those who wait until it has come so far. */
  readonly keepsUp?: boolean;
  /** Statements that create the tables. Names have no schema: while it is rebuilt it stands in another one. */
  readonly tables: readonly string[];
  /** Takes in events in the order of the log, each once; `transaction` also moves the checkpoint. */
  apply(transaction: Queryable, events: readonly StoredEvent[]): Promise<void>;
}
