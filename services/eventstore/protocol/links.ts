// An event of type "$>" is a link to another event, which its data names as `revision@stream`.
import { type EventLog, ONE_EVENT, type RecordedEvent } from "../engine/event-log.ts";
import { dataOf } from "../engine/recorded-event.ts";
import { encodeEvent, encodeLink } from "./codec/read-response.ts";

const LINK_TYPE = "$>";

type EncodeEvent = (event: RecordedEvent) => Buffer;

export function eventEncoder(log: EventLog, resolveLinks: boolean): EncodeEvent {
  if (!resolveLinks) return encodeEvent;
  return (event) =>
    event.type === LINK_TYPE ? encodeLink(event, linkedEvent(log, event)) : encodeEvent(event);
}

function linkedEvent(log: EventLog, link: RecordedEvent): RecordedEvent | undefined {
  const [, revisionText, stream] = /^(\d{1,18})@(.+)$/s.exec(dataOf(link.wire).toString()) ?? [];
  if (revisionText === undefined || stream === undefined) return undefined;
  const revision = BigInt(revisionText);
  const [event] = log.readStream(stream, revision, "forwards", ONE_EVENT).events;
  return event?.revision === revision ? event : undefined;
}
