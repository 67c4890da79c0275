// Who wants to replace a version that is not the newest is told which is, and who made it when.
import { z } from "zod";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { type Refusal, refusal } from "../refusal.ts";

/** `what` is replaced, in the words of the API. */
export const expectedVersion = (what: string) =>
  z.strictObject({
    expected_version: z.coerce
      .number()
      .int()
      .nonnegative()
      .optional()
      .meta({
        description: `The version that is to be replaced, 0 for a ${what} that there is not yet; left out, whatever is there`,
      }),
  });

export class VersionMoved extends Error {
  override name = "VersionMoved";
  readonly version: number;
  /** The fields that differ from the expected version, where that is known. */
  readonly changed: readonly string[] | undefined;

  constructor(version: number, changed?: readonly string[]) {
    super("the version is another than was expected");
    this.version = version;
    this.changed = changed;
  }
}

/** Nearly always it was a moment ago; who it was long before nobody needs to know. */
const NEWEST = 200;

export async function versionMoved(
  { version, changed }: VersionMoved,
  {
    eventStore,
    stream,
    what,
    isVersion,
  }: {
    readonly eventStore: Pick<EventStore, "readStreamBackwards">;
    readonly stream: string;
    readonly what: string;
    /** Whether the event makes a version of what was to be replaced. */
    readonly isVersion: (event: StoredEvent) => boolean;
  },
): Promise<Refusal> {
  if (version === 0)
    return refusal("version_moved", {
      detail: `There is no such ${what} any more; to make it again, expect version 0`,
      more: { version },
    });
  const newest = await eventStore.readStreamBackwards(stream, NEWEST);
  const { by, at } = newest.find(isVersion)?.metadata ?? {};
  const who = by === undefined ? "" : `, configured by ${by}`;
  const others = changed?.join(", ") ?? "";
  const since = others === "" ? "" : `, with another ${others}`;
  return refusal("version_moved", {
    detail: `The ${what} is at version ${version} now${who}${since}; look at what changed, and try again with that version`,
    more: {
      version,
      ...(by !== undefined && { by }),
      ...(at !== undefined && { at }),
      ...(changed !== undefined && { changed: [...changed] }),
    },
  });
}
