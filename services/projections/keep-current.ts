// The schema in use: written alone until it has caught up, then with the group, and alone again when it can't keep up with it.
import type { EventStore } from "#platform/event-store/event-store.ts";
import { type Build, type BuildParts, startBuild } from "./build.ts";
import type { ProjectionGroup } from "./group.ts";
import type { ReadLog } from "./shared-reading.ts";
import type { WrittenSchema } from "./write.ts";

/** What of a build others see of the schema in use. */
export type CurrentBuild = Omit<Build, "events">;

export interface KeepParts extends BuildParts {
  readonly group: ProjectionGroup;
  readonly eventStore: Pick<EventStore, "follow" | "head">;
  /** For whoever is far behind, likely together with others. */
  readonly rebuilds: ReadLog;
}

/** Less than this is read by oneself sooner than others are waited for. */
const FAR_BEHIND = 10_000n;

export function keepCurrent(schema: WrittenSchema, parts: KeepParts, onFenced: () => void): CurrentBuild {
  const { group, log } = parts;
  const ending = new AbortController();
  let alone: Build | undefined;
  let isMember = false;

  /** All models of a yard are far behind together: at their first start, or after the process was away. */
  async function logToRead(): Promise<ReadLog> {
    const { position } = schema.checkpoint;
    const head = await parts.eventStore.head().catch(() => position);
    return head - position > FAR_BEHIND ? parts.rebuilds : parts.eventStore;
  }

  async function catchUp(): Promise<"caught_up" | "fenced" | "stopped"> {
    const { promise, resolve } = Promise.withResolvers<"caught_up" | "fenced" | "stopped">();
    const onStop = (): void => resolve("stopped");
    ending.signal.addEventListener("abort", onStop, { once: true });
    const eventStore = await logToRead();
    if (ending.signal.aborted) onStop();
    alone = startBuild(
      schema,
      { ...parts, eventStore },
      { onFenced: () => resolve("fenced"), onCaughtUp: () => resolve("caught_up") },
    );
    const why = await promise;
    ending.signal.removeEventListener("abort", onStop);
    await alone.stop();
    alone = undefined;
    return why;
  }

  async function run(): Promise<void> {
    for (;;) {
      let why: string = await catchUp();
      if (why === "caught_up") {
        log.debug({ projection: schema.name }, "projection has caught up and joins the group");
        isMember = true;
        why = await group.keep(schema, ending.signal);
        isMember = false;
      }
      if (why === "fenced") onFenced();
      if (why === "fenced" || why === "stopped") return;
    }
  }

  const running = run();
  return {
    get position() {
      return schema.checkpoint.position;
    },
    async lag() {
      if (alone !== undefined) return alone.lag();
      if (isMember) return group.lag();
      // It has not begun to read, or has stopped; what the group is behind says nothing of it.
      return Math.max(0, Number((await parts.eventStore.head()) - schema.checkpoint.position));
    },
    async stop() {
      ending.abort();
      await running;
    },
  };
}
