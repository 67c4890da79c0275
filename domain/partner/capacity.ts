import { spanAround, type Unit } from "./calendar.ts";
import type { CapUse } from "./cap-use.ts";
import type { PartnerConfig } from "./config.ts";
import { openFrom } from "./schedule.ts";

// Whether a partner takes deliveries now by its caps and its schedule, how many, and else from when on.

export type CapUnit = Unit | "total";
export type Limits = Pick<PartnerConfig, "caps" | "schedule">;

/** Why nothing may be delivered now. */
export interface Closed {
  readonly reason: "outside_schedule" | `cap_${CapUnit}`;
  /** When that may be otherwise, in milliseconds; undefined where only a change of the configuration helps. */
  readonly until: number | undefined;
  readonly otherwise: "hold" | "next" | undefined;
}

const UNITS = ["month", "day", "hour"] as const;

/** Nearly nobody has any, and then nothing is looked at. */
export const isLimited = ({ caps, schedule }: Limits): boolean =>
  caps !== undefined || schedule !== undefined;

/** `waiting`: so many others come first. `own`: when the one that asks was begun, if it counts as used already. */
export function closedBy(
  { caps, schedule }: Limits,
  use: CapUse,
  at: number,
  { waiting = 0, own }: { readonly waiting?: number; readonly own?: number | undefined } = {},
): Closed | undefined {
  if (schedule !== undefined) {
    const until = openFrom(schedule, at);
    if (until !== at) return { reason: "outside_schedule", until, otherwise: schedule.otherwise };
  }
  if (caps === undefined) return undefined;
  const { otherwise, total } = caps;
  // What is counted already has its place.
  const others = (used: number, isCounted: boolean): number => (isCounted ? used - 1 : used + waiting);
  if (total !== undefined && others(use.total, own !== undefined) >= total)
    return { reason: "cap_total", until: undefined, otherwise };
  let closed: { readonly unit: Unit; readonly until: number } | undefined;
  for (const unit of UNITS) {
    const cap = caps[unit];
    if (cap === undefined) continue;
    const span = spanAround(schedule?.time_zone ?? "UTC", unit, at);
    const isIn = own !== undefined && span.start <= own && own < span.end;
    if (others(use.within(span), isIn) >= cap) closed ??= { unit, until: span.end };
  }
  if (closed === undefined) return undefined;
  const until = schedule === undefined ? closed.until : openFrom(schedule, closed.until);
  return { reason: `cap_${closed.unit}`, until, otherwise };
}

/** How many more may be delivered now. */
export function roomNow(limits: Limits, use: CapUse, at: number): number {
  const { caps, schedule } = limits;
  if (schedule !== undefined && openFrom(schedule, at) !== at) return 0;
  const left = Object.entries(capsUsed(limits, use, at)).map(
    ([unit, used]) => (caps?.[unit as CapUnit] ?? 0) - used,
  );
  return Math.max(0, Math.min(Number.POSITIVE_INFINITY, ...left));
}

/** Of each cap that there is. */
export function capsUsed(
  { caps, schedule }: Limits,
  use: CapUse,
  at: number,
): Partial<Record<CapUnit, number>> {
  const used: Partial<Record<CapUnit, number>> = {};
  if (caps === undefined) return used;
  for (const unit of UNITS)
    if (caps[unit] !== undefined) used[unit] = use.within(spanAround(schedule?.time_zone ?? "UTC", unit, at));
  if (caps.total !== undefined) used.total = use.total;
  return used;
}
