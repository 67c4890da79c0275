// What became of the demo's submissions, by partner.

const ENDS = ["delivered", "duplicate", "rejected", "dead_lettered", "unrouted"] as const;
type End = (typeof ENDS)[number];

export interface Outcome {
  /** The last status that was seen; undefined when it was never taken in. */
  readonly status: string | undefined;
  readonly partner?: string | undefined;
  /** From its receipt to its end. */
  readonly totalMs?: number;
}

export const hasEnded = (status: string | undefined): boolean => ENDS.some((end) => end === status);

/** Neither at an end nor waiting in sight. */
export const isLost = ({ status }: Outcome): boolean => !hasEnded(status) && status !== "held";

export function reportOf(outcomes: readonly Outcome[]): string {
  const partners = [...new Set(outcomes.map(partnerOf))].sort();
  const rows = partners.map((partner) =>
    rowOf(
      partner,
      outcomes.filter((one) => partnerOf(one) === partner),
    ),
  );
  const lines = partners.length > 1 ? [...rows, rowOf("all", outcomes)] : rows;
  return table(["partner", ...ENDS.map(named), "held", "not ended", "median", "max"], lines);
}

function rowOf(partner: string, outcomes: readonly Outcome[]): string[] {
  const count = (fits: (outcome: Outcome) => boolean): string => `${outcomes.filter(fits).length}`;
  const times = outcomes.flatMap(({ totalMs }) => totalMs ?? []).sort((a, b) => a - b);
  return [
    partner,
    ...ENDS.map((end) => count(({ status }) => status === end)),
    count(({ status }) => status === "held"),
    count(isLost),
    milliseconds(times[Math.floor((times.length - 1) / 2)]),
    milliseconds(times.at(-1)),
  ];
}

const partnerOf = ({ partner }: Outcome): string => partner ?? "(none)";
const named = (end: End): string => end.replace("_", "-");
const milliseconds = (time: number | undefined): string =>
  time === undefined ? "–" : `${Math.round(time)} ms`;

/** The first column reads from the left, figures from the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ");
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
