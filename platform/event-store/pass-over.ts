// For readers of what people configured: one event that can't be read must not keep them from all others.
import { type Codec, UnreadableEvent, WrittenByNewerRelease } from "./codec.ts";
import type { RawEvent } from "./stored-event.ts";

/**
 * Undefined where its data fit no schema, which nobody can mend any more; `onUnreadable` is told. Throws where a newer release can
 * read it: then it is waited for.
 */
export function decodeOrPassOver<Event extends { readonly type: string; readonly data: unknown }>(
  codec: Codec<Event>,
  stored: RawEvent,
  onUnreadable: (error: UnreadableEvent) => void,
): ReturnType<Codec<Event>["decode"]> | undefined {
  try {
    return codec.decode(stored);
  } catch (error) {
    if (!(error instanceof UnreadableEvent) || error instanceof WrittenByNewerRelease) throw error;
    onUnreadable(error);
    return undefined;
  }
}
