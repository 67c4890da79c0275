import { Button } from "./button.tsx";
import type { Filters } from "./filters.ts";

/** By cursor: a page costs the same however many there are before it. */
export function Pager({ filters, next }: { readonly filters: Filters; readonly next: string | undefined }) {
  const isFirst = filters.get("cursor") === "";
  if (isFirst && next === undefined) return null;
  return (
    <nav className="buttons pager" aria-label="Pages">
      <Button disabled={isFirst} onClick={() => filters.set({ cursor: "" })}>
        Newest
      </Button>
      <Button disabled={next === undefined} onClick={() => filters.set({ cursor: next ?? "" })}>
        Older
      </Button>
    </nav>
  );
}
