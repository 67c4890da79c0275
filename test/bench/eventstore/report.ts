import { type Cpu, median } from "./measure.ts";

/** One figure of one run, with the CPU seconds that were spent on it. */
export interface Sample {
  readonly value: number;
  readonly cpu: Cpu;
}

export interface Goal {
  readonly what: string;
  readonly unit: string;
  /** The least wanted, or the most allowed. */
  readonly target: number;
  readonly better: "more" | "less";
}

const HEADINGS = ["", "median", "target", "times the target", "runs", "CPU s server", "CPU s client"];

export class Report {
  readonly #rows: string[][] = [HEADINGS];

  add({ what, unit, target, better }: Goal, samples: readonly Sample[]): void {
    const values = samples.map(({ value }) => value);
    const value = median(values);
    const ratio = better === "more" ? value / target : target / value;
    const cpu = (side: keyof Cpu): string => median(samples.map((one) => one.cpu[side])).toFixed(1);
    this.#rows.push([
      what,
      `${rounded(value)} ${unit}`,
      `${better === "more" ? "≥" : "≤"} ${rounded(target)}`,
      `${ratio.toFixed(2)} ×${ratio < 1 ? " missed" : ""}`,
      values.map(rounded).join(" "),
      cpu("server"),
      cpu("client"),
    ]);
  }

  print(): void {
    const widths = HEADINGS.map((_, column) =>
      Math.max(...this.#rows.map((row) => row[column]?.length ?? 0)),
    );
    const lines = this.#rows.map((row) =>
      row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "),
    );
    lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
    console.log(lines.join("\n"));
  }
}

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(1);
}
