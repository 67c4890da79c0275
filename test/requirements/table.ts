// The table at the end of README.md: what was asked for, where it is, which command shows it.
import { readFileSync } from "node:fs";

export interface Requirement {
  readonly asked: string;
  readonly command: string;
  /** Whether the command needs a yard that runs. */
  readonly besideYard: boolean;
}

const HEADING = "\n## What was asked for";
const ROW =
  /^\| (?<asked>[^|]+) \| [^|]*\]\([^|]+ \| `(?<command>[^`|]+)`(?<beside> beside `npm start`)? \|$/;

export function readRequirements(): readonly Requirement[] {
  const [, section = ""] = readFileSync("README.md", "utf8").split(HEADING);
  const rows = section
    .replace(/<!--[\s\S]*?-->/g, "")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (asked for|---) /.test(line));
  return rows.map((row) => {
    const { asked, command, beside } = ROW.exec(row)?.groups ?? {};
    if (asked === undefined || command === undefined)
      throw new Error(
        `README.md: a row needs what was asked for, a link to where it is, and a command: ${row}`,
      );
    return { asked, command, besideYard: beside !== undefined };
  });
}

/** Each command once, with all that it shows. */
export function commandsOf(
  requirements: readonly Requirement[],
): ReadonlyMap<string, readonly Requirement[]> {
  return Map.groupBy(requirements, ({ command }) => command);
}

/** What `npm test -- a b` chooses by; undefined for another command. */
export const patternsOf = (command: string): readonly string[] | undefined =>
  /^npm test -- (.+)$/.exec(command)?.[1]?.split(" ");
