import type { Snapshot, SnapshotStore } from "#platform/snapshots.ts";
import type { Process } from "../simulation/clock.ts";
import type { Network } from "../simulation/network.ts";

/** Snapshots as the database keeps them, over the network of the simulation. */
export function snapshotStore() {
  const kept = new Map<bigint, Buffer>();
  let read = 0;
  const newest = (): Snapshot | undefined => {
    const revision = [...kept.keys()].sort((one, other) => Number(other - one))[0];
    if (revision === undefined) return undefined;
    read += 1;
    return { revision, bytes: kept.get(revision) as Buffer };
  };
  const unanswered = { afterMs: 2_000, error: () => new Error("the database does not answer") };
  const of = (process: Process, network: Network): SnapshotStore => ({
    newest: () => network.call(process, newest, unanswered),
    async write({ revision, pieces }) {
      const bytes: Buffer[] = [];
      for (const piece of pieces) bytes.push(Buffer.from(piece as Buffer));
      await network.call(process, () => void kept.set(revision, Buffer.concat(bytes)), unanswered);
    },
    discardAfter: (_, revision) =>
      network.call(
        process,
        () => [...kept.keys()].filter((one) => one > revision && kept.delete(one)).length > 0,
        unanswered,
      ),
  });
  return { of, read: () => read };
}
