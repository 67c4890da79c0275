// An event of type "$>" is a link: its data, `revision@stream`, says which event is meant.
import type { EventLog, Recorded } from "../engine/event-log.ts";
import { dataOf } from "../engine/wire.ts";
import { encodeEvent, encodeLink } from "./codec/read-response.ts";

const LINK_TYPE = "$>";

type EncodeEvent = (event: Recorded) => Buffer;

export function eventEncoder(log: EventLog, resolveLinks: boolean): EncodeEvent {
  if (!resolveLinks) return encodeEvent;
  return (event) =>
    event.type === LINK_TYPE ? encodeLink(event, linkedEvent(log, event)) : encodeEvent(event);
}

function linkedEvent(log: EventLog, link: Recorded): Recorded | undefined {
  const [, revisionText, stream] = /^(\d{1,18})@(.+)$/s.exec(dataOf(link.wire).toString()) ?? [];
  if (revisionText === undefined || stream === undefined) return undefined;
  const revision = BigInt(revisionText);
  const [event] = log.readStream(stream, revision, "forwards", { maxCount: 1, maxBytes: 1 }).events;
  return event?.revision === revision ? event : undefined;
}
