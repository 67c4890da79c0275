// Reads what a group is about, page by page: a stream, or those events of $all that its filter lets through.
import type { EventLog, Recorded } from "../engine/event-log.ts";
import type { Resolved } from "../protocol/codec/read-response.ts";
import { compileFilter, everything } from "../protocol/filter.ts";
import { LINK_TYPE, linkedEvent } from "../protocol/links.ts";
import { idOfDelivery } from "./codec.ts";
import type { Candidate } from "./exchange.ts";
import { isOwnEvent } from "./ledger.ts";
import type { Definition } from "./settings.ts";
import { ALL } from "./settings.ts";
import { hashOf } from "./strategies.ts";

interface SourcePage {
  readonly events: ReadonlyArray<Candidate<Resolved>>;
  readonly through: bigint;
  readonly skipped: number;
  readonly caughtUp: boolean;
}

export interface Source {
  /** The last place there is; below zero where there is nothing. */
  last(): bigint;
  read(after: bigint, wanted: number): SourcePage;
  /** What is delivered for the event that a parked link points at. */
  replay(link: Recorded): Candidate<Resolved> | undefined;
}

/** A filter may drop most of what is read, so it looks at more at once. */
const FILTERED_PAGE_EVENTS = 512;
const PAGE_BYTES = 512 * 1024;

export function openSource(log: EventLog, definition: Definition): Source {
  const { source, settings, filter } = definition;
  const resolve = (event: Recorded): Resolved =>
    settings.resolveLinks && event.type === LINK_TYPE
      ? { event: linkedEvent(log, event), link: event }
      : { event, link: undefined };
  const candidate = (event: Recorded, at: bigint): Candidate<Resolved> => {
    const delivery = resolve(event);
    const { stream } = delivery.event ?? event;
    return { id: idOfDelivery(delivery), pin: hashOf(stream), bytes: sizeOf(delivery), at, event: delivery };
  };
  const replay = (link: Recorded): Candidate<Resolved> | undefined => {
    const event = linkedEvent(log, link);
    return event && candidate(event, link.revision);
  };

  if (source !== ALL) {
    return {
      last: () => log.lastRevision(source),
      read(after, wanted) {
        const end = log.lastRevision(source);
        const bounds = { maxCount: wanted, maxBytes: PAGE_BYTES };
        const page = log.readStream(source, after + 1n, "forwards", bounds);
        const events = page.events.map((event) => candidate(event, event.revision));
        const caughtUp = page.next === undefined;
        // Retention may have removed the last events too: there is nothing to come back for.
        const through = caughtUp && end > after ? end : (events.at(-1)?.at ?? after);
        return { events, through, skipped: 0, caughtUp };
      },
      replay,
    };
  }

  const passes = filter ? compileFilter({ ...filter, checkpointInterval: 1 }) : everything;
  return {
    last: () => log.head,
    read(after, wanted) {
      const end = log.head;
      const bounds = { maxCount: filter ? FILTERED_PAGE_EVENTS : wanted, maxBytes: PAGE_BYTES };
      const page = log.readAll(after + 1n, "forwards", bounds);
      const events: Array<Candidate<Resolved>> = [];
      let through = after;
      let skipped = 0;
      for (const event of page.events) {
        const own = isOwnEvent(event);
        const wantedHere = !own && passes(event);
        if (wantedHere && events.length === wanted) return { events, through, skipped, caughtUp: false };
        if (wantedHere) events.push(candidate(event, event.position));
        // Own events don't count, or a checkpoint would be reason enough for the next one.
        else if (!own) skipped += 1;
        through = event.position;
      }
      const caughtUp = page.next === undefined;
      return { events, through: caughtUp && end > through ? end : through, skipped, caughtUp };
    },
    replay,
  };
}

function sizeOf({ event, link }: Resolved): number {
  return (event?.wire.length ?? 0) + (link?.wire.length ?? 0);
}
