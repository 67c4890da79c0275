import { useSyncExternalStore } from "react";
import { agoOf } from "./ago.ts";

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const EVERY_MS = 10_000;
const ticks = new Set<() => void>();
let now = Date.now();
setInterval(() => {
  now = Date.now();
  for (const tick of ticks) tick();
}, EVERY_MS);

function onTick(tick: () => void): () => void {
  ticks.add(tick);
  return () => ticks.delete(tick);
}

/** How long ago, and exactly when on hovering or, with `both`, beside it. */
export function Time({ at, both = false }: { readonly at: string; readonly both?: boolean }) {
  useSyncExternalStore(onTick, () => now);
  const date = new Date(at);
  const when = exact.format(date);
  return (
    <time dateTime={at} title={when}>
      {both ? `${when} (${agoOf(date.getTime(), Date.now())})` : agoOf(date.getTime(), Date.now())}
    </time>
  );
}

export const exactly = (at: string): string => exact.format(new Date(at));
