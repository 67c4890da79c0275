// The model in use beside its rebuild, both at the same position. They stand still only until one moment of the database is held on to:
// both go on while their rows of that moment are read.
import type { Database } from "#platform/database.ts";
import { keepComparison, readCheckpoint } from "#projections/checkpoint.ts";
import { type Comparison, compareTables } from "#projections/comparison.ts";
import { type BuildParts, buildUpTo } from "./build.ts";
import type { WrittenSchema } from "./write.ts";

export interface BuildsToCompare {
  readonly inUse: WrittenSchema;
  readonly rebuilt: WrittenSchema;
}

/** Comparisons of a process come one after the other. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
}

export interface ComparisonUnderWay {
  /** Both may be written on. */
  readonly held: Promise<void>;
  /** Undefined where they can't be compared. */
  readonly done: Promise<Comparison | undefined>;
}

/** Nobody else writes either of them until `held`. */
export function compareBuilds(
  { inUse, rebuilt }: BuildsToCompare,
  parts: BuildParts,
  signal: AbortSignal,
): ComparisonUnderWay {
  const held = Promise.withResolvers<void>();
  const { database } = parts;
  async function compare(): Promise<Comparison | undefined> {
    const isBehind = inUse.checkpoint.position < rebuilt.checkpoint.position;
    const [behind, ahead] = isBehind ? [inUse, rebuilt] : [rebuilt, inUse];
    const { position } = ahead.checkpoint;
    if (behind.checkpoint.position < position && !(await buildUpTo(behind, position, parts, signal)))
      return undefined;
    for (const { name } of [inUse, rebuilt]) await parts.retire?.(name, signal);
    const comparison = await compareAt(database, { inUse, rebuilt, position }, held.resolve, signal);
    if (comparison !== undefined) await keepComparison(database, rebuilt.name, comparison);
    return comparison;
  }
  return { held: held.promise, done: compare().finally(held.resolve) };
}

function compareAt(
  database: Database,
  { inUse, rebuilt, position }: BuildsToCompare & { readonly position: bigint },
  onHeld: () => void,
  signal: AbortSignal,
): Promise<Comparison | undefined> {
  return database.transaction(async (transaction) => {
    await transaction.execute("set transaction isolation level repeatable read, read only");
    // The first question is the moment that all others see.
    const both = [
      await readCheckpoint(transaction, inUse.name),
      await readCheckpoint(transaction, rebuilt.name),
    ];
    onHeld();
    if (both.some((one) => one?.position !== position)) return undefined;
    const tables = await compareTables(transaction, inUse.projection, rebuilt.name, signal);
    return (
      tables && { position: `${position}`, equal: tables.every(({ equal }) => equal), tables: [...tables] }
    );
  });
}
