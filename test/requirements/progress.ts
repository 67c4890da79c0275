// What a run of the rows says while it goes.
import type { Requirement } from "./table.ts";

const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? "" : "s"}`;

export function beginning(rows: readonly Requirement[], commands: number): string {
  const beside = rows.filter(({ besideYard }) => besideYard).length;
  const yard = beside === 0 ? "" : `, ${beside} of them beside a yard that is started for them`;
  return `${count(rows.length, "row")} of README.md, shown by ${count(commands, "command")}${yard}`;
}

export const running = (at: number, of: number, command: string, besideYard: boolean): string =>
  `\ncommand ${at} of ${of}: ${command}${besideYard ? " (beside a yard)" : ""}`;

const WIDTH = 100;

/** Without colours, so that it can be cut. */
export function lastLine(said: string, ms: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's own
  const lines = said.replaceAll(/\x1b\[[0-9;]*m/g, "").split(/[\r\n]+/);
  const last = lines.map((line) => line.trim()).findLast((line) => line !== "") ?? "";
  return `       ${Math.round(ms / 1_000)} s  ${last.slice(0, WIDTH)}`;
}
