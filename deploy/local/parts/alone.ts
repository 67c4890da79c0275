// Embedded parts for as long as a command needs them, while no yard runs.
import type { Environment } from "#platform/config.ts";
import { createChildren } from "../children/children.ts";
import { endLeftovers } from "../children/launch-record.ts";
import type { DataFolder } from "../data-folder.ts";
import type { Problem } from "../problem.ts";
import type { Part } from "./part.ts";
import { startPart } from "./start-part.ts";

export interface Alone {
  /** By the names that they were given. */
  readonly urls: Readonly<Record<string, string>>;
  /** Stops them, and lets go of the data folder. */
  leave(): Promise<void>;
}

type Prepare = (dataDir: string, env: Environment, say: (line: string) => void) => Promise<Part>;

/** With the data folder locked, as the whole yard would do it: who starts that meanwhile is told that it is in use. */
export async function startAlone(
  folder: DataFolder,
  env: Environment,
  parts: Readonly<Record<string, Prepare>>,
): Promise<Alone> {
  const { dir: dataDir } = folder;
  await endLeftovers(dataDir, true);
  const say = (line: string): void => console.log(line);
  // Whoever works with a part sees for itself that it is gone.
  const onGiveUp = ({ message }: Problem): void => say(message);
  const children = createChildren({ dataDir, env, owner: true, say, onGiveUp });
  const stops: (() => Promise<void>)[] = [];
  const leave = async (): Promise<void> => {
    await Promise.all(stops.map((stop) => stop()));
    children.close();
    folder.close();
  };
  try {
    const urls = await Promise.all(
      Object.entries(parts).map(async ([name, prepare]) => {
        const part = await startPart(() => prepare(dataDir, env, say), { children, stops, say });
        return [name, part.url] as const;
      }),
    );
    return { urls: Object.fromEntries(urls), leave };
  } catch (error) {
    await leave();
    throw error;
  }
}
