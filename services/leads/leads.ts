import { DeliveryId, type SubmissionId } from "#domain/ids.ts";
import { type Command, type DeliveryIds, decide } from "#domain/submission/decide.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { evolve, type SubmissionState } from "#domain/submission/fold.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { deterministicUuid } from "#platform/ids.ts";
import { createSnapshots } from "./snapshots.ts";

/** One submission as its actor knows it. */
export interface Lead {
  readonly id: SubmissionId;
  readonly state: SubmissionState;
  readonly revision: bigint;
  /** Read from the log for this very decision; otherwise it may be behind. */
  readonly isFresh: boolean;
}

export interface Leads {
  /** From memory; undefined when it has to be loaded. */
  atHand(id: SubmissionId): Lead | undefined;
  /** Taken at its word: nothing has happened since this first event. */
  fromFirst(event: SubmissionEvent, stored: StoredEvent): Lead;
  load(id: SubmissionId): Promise<Lead>;
  /** Decides, and stores what is decided; the lead as it is then. Commands that the log refuses change nothing. */
  act(
    lead: Lead,
    because: StoredEvent,
    toCommand: (state: SubmissionState) => Command | undefined,
  ): Promise<Lead>;
}

const codec = createCodec(submissionEvents);
const MOST_AT_HAND = 5_000;
const MOST_CONFLICTS = 10;
/** Nearly all leads end within this, and never ask for a snapshot. */
const SHORT = 200;
const SNAPSHOT_EVERY = 500n;

const deliveryId: DeliveryIds = (submission, partner, leg) =>
  DeliveryId.parse(deterministicUuid("delivery", submission, partner, `${leg}`));

class UnknownHistory extends Error {
  override name = "UnknownHistory";
}

interface Folded {
  readonly state: SubmissionState | undefined;
  readonly revision: bigint;
}

function include({ state }: Folded, stored: StoredEvent): Folded {
  const decoded = codec.decode(stored);
  if (!decoded.known) throw new UnknownHistory(`${decoded.type} is unknown to this release`);
  return { state: evolve(state, decoded.event), revision: stored.revision };
}

export function createLeads(eventStore: EventStore, mostAtHand = MOST_AT_HAND): Leads {
  const snapshots = createSnapshots(eventStore);
  /** In the order of their last use. */
  const known = new Map<SubmissionId, Lead>();

  const keep = (lead: Lead): Lead => {
    known.delete(lead.id);
    // What has ended is asked for no more.
    if (lead.state.status === "queued") known.set(lead.id, { ...lead, isFresh: false });
    const [oldest] = known.keys();
    if (known.size > mostAtHand && oldest !== undefined) known.delete(oldest);
    return lead;
  };

  async function load(id: SubmissionId): Promise<Lead> {
    const stream = submissionStream(id);
    let folded: Folded = { state: undefined, revision: -1n };
    const first = await eventStore.readStream(stream, { maxCount: SHORT });
    if (first.length < SHORT) {
      for (const stored of first) folded = include(folded, stored);
    } else {
      const snapshot = await snapshots.newest(id);
      folded = snapshot ?? folded;
      for await (const stored of eventStore.streamEvents(stream, folded.revision + 1n)) {
        folded = include(folded, stored);
      }
      const { state, revision } = folded;
      if (state !== undefined && revision - (snapshot?.revision ?? 0n) > SNAPSHOT_EVERY) {
        await snapshots.take(id, { state, revision });
      }
    }
    const { state, revision } = folded;
    if (state === undefined) throw new UnknownHistory(`there is no stream ${stream}`);
    return keep({ id, state, revision, isFresh: true });
  }

  async function store(lead: Lead, events: readonly SubmissionEvent[], because: StoredEvent): Promise<Lead> {
    const stream = submissionStream(lead.id);
    const at = new Date().toISOString();
    const { trace } = because.metadata;
    const encoded = events.map((event) =>
      codec.encode(event, {
        id: eventId(lead, event, events, because),
        at,
        causation: because.id,
        correlation: lead.id,
        ...(trace !== undefined && { trace }),
      }),
    );
    const { revision } = await eventStore.append(stream, lead.revision, encoded);
    return keep({ id: lead.id, state: events.reduce(evolve, lead.state), revision, isFresh: false });
  }

  return {
    atHand: (id) => known.get(id),
    fromFirst: (event, stored) => ({
      id: event.data.submission_id,
      state: evolve(undefined, event),
      revision: stored.revision,
      isFresh: false,
    }),
    load,
    async act(lead, because, toCommand) {
      let current = lead;
      for (let conflicts = 0; ; conflicts += 1) {
        const command = toCommand(current.state);
        const decision = command && decide(command, current.state, deliveryId);
        if (decision?.accepted) {
          try {
            return await store(current, decision.events, because);
          } catch (error) {
            if (!(error instanceof WrongExpectedRevision) || conflicts === MOST_CONFLICTS) throw error;
          }
        } else if (current.isFresh) {
          return current;
        }
        current = await load(current.id);
      }
    },
  };
}

/**
 * The same decision for the same reason has the same id, so a repeated append is recognised; another decision has another, so it
 * is never taken for the first.
 */
function eventId(
  lead: Lead,
  event: SubmissionEvent,
  decided: readonly SubmissionEvent[],
  because: StoredEvent,
): string {
  const outcome = decided.at(-1);
  const route = outcome?.type === "SubmissionRouted" ? JSON.stringify(outcome.data.route) : "";
  const person = event.type === "PersonIdentified" ? `${event.data.person_id} ${event.data.match}` : "";
  return deterministicUuid(
    submissionStream(lead.id),
    because.id,
    event.type,
    outcome?.type ?? "",
    route,
    person,
  );
}
