// The formula of the capacity table: how many cores, processes and cells a rate takes, by what one core of each role carried.

/** What a role, or a part such as PostgreSQL, takes of the processors. */
export interface Cost {
  readonly name: string;
  /** CPU seconds for 1,000 submissions. */
  readonly cpuPer1000: number;
  /**
   * Of one process that has a core of its own; given where a yard has only one that works at a time, so that more processes carry no
   * more: it bounds a cell.
   */
  readonly perSecondAlone?: number;
}

export interface Capacity {
  readonly perSecond: number;
  /** Whole yards side by side. */
  readonly cells: number;
  readonly perCell: number;
  /** Of each cell: busy cores by name, before room for peaks. */
  readonly cores: Readonly<Record<string, number>>;
  /** Of all cells, with that room. */
  readonly allCores: number;
  /** Of the limit of a cell the share that is used at this rate, and what sets the limit. */
  readonly usedOfCell: number;
  readonly bound: string;
}

/** What is planned for is this share of what was measured: the rest is for peaks, restarts and catching up. */
export const PLANNED = 0.6;

export function capacityAt(perSecond: number, costs: readonly Cost[], planned = PLANNED): Capacity {
  const limits = costs.flatMap(({ name, perSecondAlone }) =>
    perSecondAlone === undefined ? [] : [{ name, perSecond: perSecondAlone }],
  );
  const [first = { name: "nothing", perSecond: Number.POSITIVE_INFINITY }] = limits.toSorted(
    (a, b) => a.perSecond - b.perSecond,
  );
  const cells = Math.max(1, Math.ceil(perSecond / (first.perSecond * planned)));
  const perCell = perSecond / cells;
  const cores = Object.fromEntries(
    costs.map(({ name, cpuPer1000 }) => [name, (cpuPer1000 * perCell) / 1_000]),
  );
  const busy = Object.values(cores).reduce((sum, one) => sum + one, 0);
  return {
    perSecond,
    cells,
    perCell,
    cores,
    allCores: Math.ceil((busy / planned) * cells),
    usedOfCell: perCell / first.perSecond,
    bound: first.name,
  };
}
