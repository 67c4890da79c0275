// A tail for as long as somebody follows.
import type { Tail } from "./tail.ts";

export interface SharedTail {
  use(): Tail;
  /** As often as use(); the last one closes it. */
  release(): void;
}

export function shareTail(open: () => Tail): SharedTail {
  let tail: Tail | undefined;
  let users = 0;
  return {
    use() {
      users += 1;
      tail ??= open();
      return tail;
    },
    release() {
      users -= 1;
      if (users > 0) return;
      tail?.close();
      tail = undefined;
    },
  };
}
