// Events that were mailed before and acknowledged, such as what waited for a time: once more into a mailbox, from the log.
import type { Bus } from "../bus/bus.ts";
import { positionsOfLast } from "../bus/positions.ts";
import { isDeletedStream } from "./errors.ts";
import { packEvent } from "./event-mail.ts";
import type { EventStore } from "./event-store.ts";
import type { StoredEvent } from "./stored-event.ts";

export interface MailAgain {
  readonly stream: string;
  /** Of the event that is mailed; the stream's newest unless told. */
  readonly revision?: bigint | undefined;
  readonly subject: string;
  /** Distinguishes this mail from those before it; the same mail, published twice within two minutes, is stored once. */
  readonly id: string;
  readonly isWanted: (event: StoredEvent) => boolean;
}

export interface MailAgainParts {
  readonly eventStore: Pick<EventStore, "readStream" | "readStreamBackwards">;
  readonly bus: Pick<Bus, "publish" | "lastMessage">;
}

/** In this order. Tells for each where in YARD it is now; undefined where that event is another, or its stream was deleted. */
export async function mailAgain(
  mails: readonly MailAgain[],
  { eventStore, bus }: MailAgainParts,
): Promise<(number | undefined)[]> {
  if (mails.length === 0) return [];
  const [headers, events] = await Promise.all([
    positionsOfLast(bus),
    Promise.all(
      mails.map(({ stream, revision }) =>
        revision === undefined
          ? eventStore.readStreamBackwards(stream, 1).catch(noneInDeleted)
          : eventStore.readStream(stream, { from: revision, maxCount: 1 }).catch(noneInDeleted),
      ),
    ),
  ]);
  return Promise.all(
    mails.map(async ({ subject, id, isWanted }, n) => {
      const event = events[n]?.[0];
      if (event === undefined || !isWanted(event)) return undefined;
      const { seq } = await bus.publish(subject, packEvent(event), { id: `${event.id}:${id}`, headers });
      return seq;
    }),
  );
}

/** It must not keep the others from being mailed. */
function noneInDeleted(error: unknown): [] {
  if (isDeletedStream(error)) return [];
  throw error;
}
