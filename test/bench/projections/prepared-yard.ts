// A yard whose log has so many past leads, and its projections in a process of their own. The events go straight into the data folder of
// the event store while nobody serves it: over the wire, preparing them would take longer than what is measured.
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import type { ProposedEvent } from "../../../services/eventstore/engine/event-log.ts";
import { openEventLog } from "../../../services/eventstore/engine/open.ts";
import { type EventStoreServer, startEventStore } from "../../eventstore/server.ts";
import { startTestYard, type TestYard } from "../../leads/yard.ts";
import { byStream, EVENTS_OF_A_LEAD, type Life, lives, STAGES } from "../../projections/past-leads.ts";

export interface PreparedYard {
  readonly yard: TestYard;
  readonly store: EventStoreServer;
  /** In its log. */
  readonly leads: number;
  readonly events: number;
}

/** So many leads are in the same stage, and all of a lead's stages follow each other within five times as many: as under load. */
const COHORT = 100;
/** At 1,000 leads a second. */
const COHORT_MS = 100;

export async function preparedYard(
  leads: number,
  measure: (prepared: PreparedYard) => Promise<void>,
): Promise<void> {
  const yard = await startTestYard({}, { durable: true });
  let store = yard.parts.store;
  try {
    if (leads > 0) store = await withPastLeads(yard, leads);
    await measure({ yard, store, leads, events: leads * EVENTS_OF_A_LEAD });
  } finally {
    await yard.stop();
    await store.stop();
  }
}

async function withPastLeads(yard: TestYard, leads: number): Promise<EventStoreServer> {
  const began = performance.now();
  const { dir, port } = yard.parts.store;
  await yard.parts.store.stop();
  const log = await openEventLog({ dir });
  const cohorts: Life[][] = [];
  const start = Date.now() - (leads / COHORT) * COHORT_MS;
  const count = Math.ceil(leads / COHORT);
  for (let n = 0; n < count + STAGES; n += 1) {
    const size = Math.min(COHORT, leads - n * COHORT);
    const at = new Date(start + n * COHORT_MS).toISOString();
    cohorts.unshift(size > 0 ? await lives(yard, size, at, n * COHORT) : []);
    cohorts.length = Math.min(cohorts.length, STAGES);
    const appends = cohorts.flatMap((cohort, stage) => Array.from(byStream(cohort, stage)));
    await Promise.all(
      appends.map(([stream, events]) => log.append(stream, { kind: "any" }, events.map(proposed))),
    );
  }
  await log.close();
  const took = (performance.now() - began) / 1_000;
  console.log(
    `log of ${(leads * EVENTS_OF_A_LEAD).toLocaleString("en")} events prepared in ${took.toFixed(1)} s`,
  );
  return startEventStore({ dir, port });
}

const proposed = ({ id, type, data, metadata }: NewEvent): ProposedEvent => ({
  id,
  type,
  contentType: "application/json",
  data: Buffer.from(JSON.stringify(data)),
  customMetadata: Buffer.from(JSON.stringify(metadata)),
});
