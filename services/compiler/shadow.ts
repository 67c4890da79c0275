// Compiles the rules that are to be evaluated beside those in force. Whoever counts begins with the event that says so.
import { compileRules } from "#domain/rules/compile/compile.ts";
import {
  SHADOW_STREAM,
  type Shadow,
  type ShadowEvent,
  type ShadowRefusal,
  shadow,
  shadowEvents,
} from "#domain/rules/shadow.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { every } from "#platform/every.ts";
import { decodeKnown, foldStream } from "#platform/fold-stream.ts";
import { deterministicUuid } from "#platform/ids.ts";
import { liveView } from "#platform/live-view.ts";
import { transact } from "#platform/transact.ts";
import type { Yard } from "#platform/yard.ts";
import { sourceInEvent } from "./source-in-event.ts";

const codec = createCodec(shadowEvents);
/** What could not be written at once is tried again. */
const LOOK_EVERY_MS = 10_000;

export async function compileShadows({ eventStore, lifecycle, log, metrics }: Yard): Promise<void> {
  const store = eventStore();
  const view = await liveView<Shadow, ShadowEvent, Shadow>({
    name: "shadow",
    streams: [SHADOW_STREAM],
    eventStore: store,
    codec,
    initial: shadow.initial,
    evolve: shadow.evolve,
    derive: (state) => state,
    lifecycle,
    log,
    metrics,
  });

  async function compileNewest(): Promise<void> {
    const newest = view.current();
    if (newest.status !== "compiling") return;
    const event = compiled(newest);
    const written = await transact<Shadow, ShadowEvent, ShadowRefusal & { accepted: false }>({
      eventStore: store,
      stream: SHADOW_STREAM,
      load: () =>
        foldStream({
          eventStore: store,
          stream: SHADOW_STREAM,
          decode: decodeKnown(codec),
          evolve: shadow.evolve,
          from: { state: shadow.initial, revision: "no_stream" },
        }),
      evolve: shadow.evolve,
      decide: (state) => shadow.decide({ type: "record_compiled", event }, state),
      encode: (events) =>
        events.map((one) =>
          codec.encode(one, {
            id: deterministicUuid(SHADOW_STREAM, `${newest.version}`, one.type),
            at: new Date().toISOString(),
          }),
        ),
    });
    if (written.accepted) log.info({ version: newest.version, type: event.type }, "shadow rules compiled");
  }

  const onError = (error: unknown): void => log.warn({ err: error }, "shadow rules not compiled yet");
  view.onChange(() => void compileNewest().catch(onError));
  const stopLooking = every({ ms: LOOK_EVERY_MS, atOnce: true, work: compileNewest, onError });
  lifecycle.own("shadow compiler", async () => stopLooking());
}

type Compiled = Extract<ShadowEvent, { type: "ShadowCompiled" | "ShadowNotCompiled" }>;

function compiled({ version, rules }: Shadow): Compiled {
  try {
    const { source } = compileRules(rules);
    return {
      type: "ShadowCompiled",
      data: { version, compiled_at: new Date().toISOString(), ...sourceInEvent(source) },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown error";
    return { type: "ShadowNotCompiled", data: { version, reason } };
  }
}
