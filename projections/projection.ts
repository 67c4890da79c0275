// What a read model is: tables, and what each event does to them. Who runs it need know nothing more.
import type { Queryable } from "#platform/database.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { OnSkipped } from "./decoding.ts";

export interface Projection {
  /** Also the database schema in which its tables stand. */
  readonly name: string;
  /** Raised with every change of tables or of what events do to them: it is then built anew from the log. */
  readonly version: number;
  readonly prefixes: readonly string[];
  /** Statements that create the tables. Names have no schema: while it is rebuilt it stands in another one. */
  readonly tables: readonly string[];
  /**
   * Statements that create the indexes that only questions need, in the same way. A rebuild makes them after its rows, which costs far
   * less than keeping them with each row.
   */
  readonly indexes?: readonly string[];
  /**
   * What of the rows depends on which keys of personal data existed when they were written: columns, and tables that have fewer rows
   * where a key is gone. Everything else depends on the events alone.
   */
  readonly dependsOnKeys?: { readonly columns?: readonly string[]; readonly tables?: readonly string[] };
  /** Takes in events in the order of the log, each once. */
  apply(target: Target, events: readonly StoredEvent[]): Promise<void>;
}

/** The transaction that also moves the checkpoint. Statements name the schema, since other models share the transaction. */
export interface Target extends Queryable {
  readonly schema: string;
  /** To be told of each event that is passed over: counted with the checkpoint. */
  readonly onSkipped: OnSkipped;
}
