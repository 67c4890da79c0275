// On what something was measured.
import { cpus, loadavg, totalmem } from "node:os";

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memory_gb: number;
  /** One minute's, before anything was measured. */
  readonly load_before: number;
  readonly date: string;
  readonly note: string;
}

export const machineWith = (note: string): Machine => ({
  cores: cpus().length,
  processor: cpus()[0]?.model ?? "unknown",
  memory_gb: Math.round(totalmem() / 1e9),
  load_before: rounded(loadavg()[0] ?? 0, 1),
  date: new Date().toISOString().slice(0, 10),
  note,
});

export function shownMachine({ cores, processor, memory_gb, load_before, date, note }: Machine): string {
  const about = note === "" ? "" : ` **${note}.**`;
  return `${date}, ${cores} cores (${processor}), ${memory_gb} GB; load of the machine before: ${load_before}.${about}`;
}

/** More digits would say no more. */
export const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
