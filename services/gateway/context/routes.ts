// /api/context: orders, shipments, accounts … that rules and templates read beside a submission.
import { z } from "zod";
import {
  type ChangeContext,
  CONTEXT_KIND_STREAM,
  ContextKind,
  ContextObject,
  type ContextState,
  context,
  contextEvents,
  contextId,
  contextKindEvents,
  contextKinds,
  contextStream,
  MAX_CONTEXT_BYTES,
} from "#domain/context/context.ts";
import type { SourceId } from "#domain/ids.ts";
import { contextDomain, contextKey, contextObjectContext } from "#domain/seal-contexts.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeKnown, type Loaded } from "#platform/fold-stream.ts";
import { deterministicUuid, newUuid } from "#platform/ids.ts";
import { transact } from "#platform/transact.ts";
import { KeyDestroyed, type Vault } from "#platform/vault/vault.ts";
import { notFound } from "../admin/scope.ts";
import { change } from "../configuration.ts";
import { APPEND_DEADLINE_MS, withinDeadline } from "../deadlines.ts";
import { describeScope, noContent, type Routes, zodValidator } from "../http/route-schema.ts";
import type { Caller, CallerCheck } from "../reading/caller.ts";
import { Refused, refusal } from "../refusal.ts";
import { callerFrom, requirePersonOrSource } from "./who.ts";

export interface ContextRoutesParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly check: CallerCheck;
}

const codec = createCodec(contextEvents);
const decode = decodeKnown(codec);
const kinds = {
  name: "context-kinds",
  stream: CONTEXT_KIND_STREAM,
  codec: createCodec(contextKindEvents),
  decider: contextKinds,
};
const MAX_CONFLICTS = 10;

const params = z.object({
  kind: ContextKind,
  id: z
    .string()
    .transform(contextId)
    .pipe(z.string("must be 1 to 200 characters"))
    .meta({ description: "As submissions name it in `<kind>_id`" }),
});
type Fields = z.infer<typeof Fields>;
const Fields = z.record(z.string(), z.unknown()).meta({
  description: `The object; at most ${MAX_CONTEXT_BYTES} bytes`,
  examples: [{ total: 80, paid: true }],
});

export function contextRoutes({ eventStore, vault, check }: ContextRoutesParts): Routes {
  const known = new Set<string>();
  const streamOf = (kind: ContextKind, id: string): string =>
    contextStream(kind, vault.fingerprint(contextDomain(kind), id));

  /** The newest event says all. */
  async function load(stream: string): Promise<Loaded<ContextState>> {
    const [newest] = await eventStore.readStreamBackwards(stream, 1);
    if (newest === undefined) return { state: context.initial, revision: "no_stream" };
    return { state: context.evolve(context.initial, decode(newest)), revision: newest.revision };
  }

  async function changed(stream: string, command: ChangeContext, known: Loaded<ContextState>, by: string) {
    const [id, at] = [newUuid(), new Date().toISOString()];
    return transact({
      eventStore,
      stream,
      load: () => load(stream),
      known,
      evolve: context.evolve,
      decide: (state) => context.decide(command, state),
      encode: (events) =>
        events.map((event, n) => codec.encode(event, { id: deterministicUuid(stream, id, `${n}`), at, by })),
      deadlineMs: APPEND_DEADLINE_MS,
    });
  }

  /** Routers look up only kinds that there are. */
  async function introduce(kind: ContextKind, by: string): Promise<void> {
    if (known.has(kind)) return;
    await change(eventStore, kinds, kind, { by, deadlineMs: APPEND_DEADLINE_MS });
    known.add(kind);
  }

  async function put(kind: ContextKind, id: string, fields: Fields, caller: Caller): Promise<bigint> {
    const [keeper, by] = [keeperOf(caller), nameOf(caller)];
    const stream = streamOf(kind, id);
    await introduce(kind, by);
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
      const before = await load(stream);
      const { generation } = before.state;
      const sealed = await sealedAs(stream, generation, { id, fields });
      if (sealed === undefined) continue;
      const result = await changed(stream, { type: "put", kind, by: keeper, generation, sealed }, before, by);
      if (result.accepted) return result.position ?? 0n;
      if (result.reason !== "generation_moved") throw refusedFor(result.reason);
    }
    throw new Refused(refusal("conflict", { detail: "It is being removed at this very moment; try again" }));
  }

  /** Undefined where it is removed just now, and its key with it. */
  async function sealedAs(stream: string, generation: number, value: z.infer<typeof ContextObject>) {
    try {
      return await vault.seal(contextKey(stream, generation), value, contextObjectContext(stream));
    } catch (error) {
      if (error instanceof KeyDestroyed) return undefined;
      throw error;
    }
  }

  return async (app) => {
    describeScope(app, () => ({ tags: ["Context"] }));
    app.setValidatorCompiler(zodValidator("unacceptable"));
    requirePersonOrSource(app, check, MAX_CONTEXT_BYTES);

    app.get(
      "/api/context/:kind/:id",
      {
        schema: {
          summary: "A context object, as it is now",
          params,
          response: { 200: Fields },
          refusals: ["not_found"],
        },
      },
      async (request) => {
        const { kind, id } = request.params;
        const stream = streamOf(kind, id);
        const { kept } = (await withinDeadline(load(stream))).state;
        if (kept === undefined || !isTheirs(kept.source, callerFrom(request))) throw notFound();
        const [opened] = await vault.openReadable([
          { sealed: kept.sealed, context: contextObjectContext(stream) },
        ]);
        const object = ContextObject.safeParse(opened);
        if (!object.success) throw notFound();
        return object.data.fields;
      },
    );

    app.put(
      "/api/context/:kind/:id",
      {
        schema: {
          summary: "Put a context object in place of the one before",
          params,
          body: Fields,
          response: { 200: Fields },
          position: true,
          refusals: ["conflict", "unacceptable"],
        },
      },
      async (request, reply) => {
        const { kind, id } = request.params;
        const position = await withinDeadline(put(kind, id, request.body, callerFrom(request)));
        reply.header("x-position", `${position}`);
        return request.body;
      },
    );

    app.delete(
      "/api/context/:kind/:id",
      {
        schema: {
          summary:
            "Remove a context object; its key is destroyed, so that nobody can read it in the log either",
          params,
          response: noContent,
          position: true,
          refusals: ["not_found", "conflict"],
        },
      },
      async (request, reply) => {
        const { kind, id } = request.params;
        const stream = streamOf(kind, id);
        const before = await withinDeadline(load(stream));
        const caller = callerFrom(request);
        const command = { type: "remove", kind, by: keeperOf(caller) } as const;
        const result = await withinDeadline(changed(stream, command, before, nameOf(caller)));
        // Also where whoever removed it before died in between.
        const gone = Array.from({ length: result.state.generation }, (_, n) => contextKey(stream, n)).slice(
          -1,
        );
        if (gone.length > 0) await vault.destroy(gone);
        if (!result.accepted) throw refusedFor(result.reason);
        return reply
          .header("x-position", `${result.position ?? 0n}`)
          .code(204)
          .send();
      },
    );
  };
}

const keeperOf = (caller: Caller): SourceId | null => (caller.is === "source" ? caller.source : null);
const nameOf = (caller: Caller): string => (caller.is === "source" ? `source:${caller.source}` : caller.by);

const isTheirs = (source: SourceId | null, caller: Caller): boolean =>
  caller.is === "person" || caller.source === source;

function refusedFor(reason: "no_such_context" | "kept_by_another" | "generation_moved"): Refused {
  if (reason === "no_such_context") return notFound();
  const detail =
    reason === "kept_by_another"
      ? "Another source or an admin keeps an object by this id; only they change it"
      : "It was removed at this very moment; try again";
  return new Refused(refusal("conflict", { detail }));
}
