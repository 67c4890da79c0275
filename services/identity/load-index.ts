import { identityDecider } from "#domain/identity/decide.ts";
import { IDENTITY_STREAM, type IdentityEvent } from "#domain/identity/events.ts";
import type { People } from "#domain/identity/people.ts";
import { personKey } from "#domain/seal-contexts.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { foldStream, type Loaded, logPassedOver } from "#platform/fold-stream.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Snapshots } from "./snapshots.ts";
import { decode } from "./stored-events.ts";

export interface IdentityParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly snapshots: Snapshots;
  readonly log: Log;
}

/** The identity index as the log says: what is loaded already, else a snapshot, and what came after it. */
export async function loadIndex(
  { eventStore, vault, snapshots, log }: IdentityParts,
  already?: Loaded<People>,
): Promise<Loaded<People>> {
  const began = performance.now();
  const { initial, evolve } = identityDecider();
  const from = already ??
    (await snapshotWithin(eventStore, snapshots)) ?? { state: initial, revision: "no_stream" };
  const forgotten: string[] = [];
  const loaded = await foldStream<People, IdentityEvent>({
    eventStore,
    stream: IDENTITY_STREAM,
    decode,
    evolve(people, event) {
      const evolved = evolve(people, event);
      if (event.type === "PersonForgotten") forgotten.push(...event.data.persons.map(personKey));
      return evolved;
    },
    from,
    onPassedOver: logPassedOver(log),
  });
  // Whoever wrote that may have died before the keys were destroyed.
  if (forgotten.length > 0) await vault.destroy(forgotten);
  const ms = Math.round(performance.now() - began);
  log.info({ records: loaded.state.count, from: from.revision, ms }, "identity index loaded");
  return loaded;
}

/** None that knows more than the log: that was restored from an older copy since, and the snapshot names people who are not in it. */
async function snapshotWithin(
  eventStore: EventStore,
  snapshots: Snapshots,
): Promise<Loaded<People> | undefined> {
  const [last] = await eventStore.readStreamBackwards(IDENTITY_STREAM, 1);
  await snapshots.discardAfter(last?.revision ?? -1n);
  return snapshots.load();
}
