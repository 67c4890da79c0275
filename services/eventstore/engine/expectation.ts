// Whether a write may happen, by the rules of the real server: expected revisions and idempotency by event ids.
import type { Expected } from "./event-log.ts";
import type { StreamHead } from "./stream-head.ts";

type Verdict =
  | { readonly verdict: "write" }
  /** The same events are there already: the writer is told what it was told then. */
  | { readonly verdict: "already_written"; readonly revision: number }
  | { readonly verdict: "wrong_expected_version" }
  | { readonly verdict: "deleted" };

/** What is asked of the log only when the head alone does not decide. */
export interface Memory {
  /** The revision of a recently written event of this stream. */
  revisionOf(id: string): number | undefined;
  idAt(revision: number): string | undefined;
  hasMetadata(): boolean;
}

const WRITE: Verdict = { verdict: "write" };
const WRONG: Verdict = { verdict: "wrong_expected_version" };
const DELETED: Verdict = { verdict: "deleted" };

export function judge(head: StreamHead, expected: Expected, ids: readonly string[], memory: Memory): Verdict {
  if (head.life === "tombstoned") return DELETED;
  switch (expected.kind) {
    case "any":
      return judgeUnversioned(ids, memory);
    case "stream_exists":
      if (head.life === "deleted") return DELETED;
      return head.last >= 0 || memory.hasMetadata() ? judgeUnversioned(ids, memory) : WRONG;
    case "no_stream":
      return judgeExact(head, -1, ids, memory);
    case "revision":
      return judgeExact(head, Number(expected.revision), ids, memory);
  }
}

/** Best effort: only events that are still remembered are recognised. */
function judgeUnversioned(ids: readonly string[], memory: Memory): Verdict {
  let revision: number | undefined;
  for (const [index, id] of ids.entries()) {
    const known = memory.revisionOf(id);
    if (known === undefined) return index === 0 ? WRITE : WRONG;
    revision = known;
  }
  return revision === undefined ? WRITE : { verdict: "already_written", revision };
}

function judgeExact(head: StreamHead, expected: number, ids: readonly string[], memory: Memory): Verdict {
  if (expected === head.last) return WRITE;
  if (expected > head.last) return WRONG;
  const known = ids.findIndex((id, index) => memory.idAt(expected + 1 + index) !== id);
  if (known === -1 && ids.length > 0) return { verdict: "already_written", revision: expected + ids.length };
  const startsAnew = known <= 0 && expected === -1 && head.life === "deleted";
  return startsAnew ? WRITE : WRONG;
}
