// Whether a write may happen, by the rules of the real server: expected revisions, and idempotency by event ids.
import type { Expected } from "./event-log.ts";
import type { StreamHead } from "./stream-head.ts";

export type Check =
  | { readonly outcome: "write" }
  /** The same events are there already: the writer gets the response that the first append got. */
  | { readonly outcome: "already_written"; readonly revision: number }
  | { readonly outcome: "wrong_expected_version" }
  | { readonly outcome: "stream_deleted" };

/** What is looked up in the log only where the head alone does not decide. */
export interface Lookup {
  /** The revision of a recently written event of this stream. */
  revisionOf(id: string): number | undefined;
  idAt(revision: number): string | undefined;
  hasMetadata(): boolean;
}

const WRITE: Check = { outcome: "write" };
const WRONG: Check = { outcome: "wrong_expected_version" };
const DELETED: Check = { outcome: "stream_deleted" };

export function checkExpected(
  head: StreamHead,
  expected: Expected,
  ids: readonly string[],
  lookup: Lookup,
): Check {
  if (head.life === "tombstoned") return DELETED;
  switch (expected.kind) {
    case "any":
      return checkRecent(ids, lookup);
    case "stream_exists":
      if (head.life === "deleted") return DELETED;
      return head.last >= 0 || lookup.hasMetadata() ? checkRecent(ids, lookup) : WRONG;
    case "no_stream":
      return checkRevision(head, -1, ids, lookup);
    case "revision":
      return checkRevision(head, Number(expected.revision), ids, lookup);
  }
}

/** Best effort: only events that are still remembered are recognised. */
function checkRecent(ids: readonly string[], lookup: Lookup): Check {
  let revision: number | undefined;
  for (const [index, id] of ids.entries()) {
    const known = lookup.revisionOf(id);
    if (known === undefined) return index === 0 ? WRITE : WRONG;
    revision = known;
  }
  return revision === undefined ? WRITE : { outcome: "already_written", revision };
}

function checkRevision(head: StreamHead, expected: number, ids: readonly string[], lookup: Lookup): Check {
  if (expected === head.last) return WRITE;
  if (expected > head.last) return WRONG;
  const firstNew = ids.findIndex((id, index) => lookup.idAt(expected + 1 + index) !== id);
  if (firstNew === -1 && ids.length > 0)
    return { outcome: "already_written", revision: expected + ids.length };
  const recreates = firstNew <= 0 && expected === -1 && head.life === "deleted";
  return recreates ? WRITE : WRONG;
}
