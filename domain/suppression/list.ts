import { z } from "zod";
import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import { type EventOf, Instant } from "../event.ts";

// Lists of people whom rules treat otherwise. Stream: suppression_list, which lists there are and which upload of each counts.
// Stream: suppression-<list>-<upload>, its entries in chunks: keyed hashes alone. A new upload counts once it is there as a whole, and
// nobody reads the one before it again.

export const SUPPRESSION_LIST_STREAM = "suppression_list";
export const SUPPRESSION_STREAM_PREFIX = "suppression-";
export const suppressionStream = (list: string, upload: string): string =>
  `${SUPPRESSION_STREAM_PREFIX}${list}-${upload}`;
/** In which the SHA-256 of an e-mail address or a phone number is hashed once more. */
export const SUPPRESSION_DOMAIN = "suppression";

/** A rule's field is `suppressed.<list>`. */
export const SuppressionList = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, "use lower-case letters, digits, - and _ (at most 40)");

const MAX_LISTS = 50;
export const MAX_LINES = 500_000;
/** Of about 120 KB. */
export const CHUNK = 2_000;

export const suppressionEvents = {
  SuppressionsAdded: {
    version: 1,
    schema: z.object({
      list: SuppressionList,
      upload: z.string(),
      /** The hash, and until when it counts where it does not for ever. */
      entries: z.array(z.tuple([z.string(), Instant.nullable()])).max(CHUNK),
    }),
  },
} as const;
export type SuppressionEvent = EventOf<typeof suppressionEvents>;

const about = z.object({ list: SuppressionList, at: Instant });
const upload = about.extend({ upload: z.string() });

export const suppressionListEvents = {
  SuppressionListReplaced: { version: 1, schema: upload },
  /** Something was added to the upload that counts. */
  SuppressionListExtended: { version: 1, schema: upload },
  SuppressionListRemoved: { version: 1, schema: about },
} as const;
export type SuppressionListEvent = EventOf<typeof suppressionListEvents>;

export interface SuppressionListState {
  readonly upload: string;
  readonly updated_at: string;
}
export type SuppressionLists = ReadonlyMap<string, SuppressionListState>;

export type ChangeSuppressionList = { readonly list: string; readonly at: string } & (
  | { readonly type: "replace" | "extend"; readonly upload: string }
  | { readonly type: "remove" }
);

export type SuppressionListRefusal = "no_such_list" | "replaced_meanwhile" | "too_many_lists";

type Decided = Decision<SuppressionListEvent, SuppressionListRefusal>;

export const suppressionLists: Decider<SuppressionLists, ChangeSuppressionList, Decided> = {
  initial: new Map(),
  evolve(lists, event) {
    const next = new Map(lists);
    const { list, at: updated_at } = event.data;
    switch (event.type) {
      case "SuppressionListReplaced":
      case "SuppressionListExtended":
        return next.set(list, { upload: event.data.upload, updated_at });
      case "SuppressionListRemoved":
        next.delete(list);
        return next;
    }
  },
  decide(command, lists) {
    const { list, at } = command;
    const before = lists.get(list);
    switch (command.type) {
      case "replace":
        if (before === undefined && lists.size >= MAX_LISTS) return refuse("too_many_lists");
        return accept<SuppressionListEvent>({
          type: "SuppressionListReplaced",
          data: { list, at, upload: command.upload },
        });
      case "extend":
        if (before === undefined) return refuse("no_such_list");
        if (before.upload !== command.upload) return refuse("replaced_meanwhile");
        return accept<SuppressionListEvent>({
          type: "SuppressionListExtended",
          data: { list, at, upload: command.upload },
        });
      case "remove":
        if (before === undefined) return refuse("no_such_list");
        return accept<SuppressionListEvent>({ type: "SuppressionListRemoved", data: { list, at } });
    }
  },
};

/** Until when each hash counts, in milliseconds. */
export type Suppressions = Map<string, number>;

export function addSuppressions(to: Suppressions, { data }: SuppressionEvent): void {
  for (const [hash, expires_at] of data.entries)
    to.set(hash, expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(expires_at));
}
