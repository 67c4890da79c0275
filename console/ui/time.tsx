import { useSyncExternalStore } from "react";

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
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

export function agoOf(at: number, from: number): string {
  const seconds = Math.round((at - from) / 1000);
  if (Math.abs(seconds) < 5) return "just now";
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
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
