// /api/suppressions: lists of people whom rules treat otherwise.
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import {
  addSuppressions,
  CHUNK,
  SUPPRESSION_LIST_STREAM,
  SuppressionList,
  type SuppressionListRefusal,
  type SuppressionLists,
  type Suppressions,
  suppressionEvents,
  suppressionListEvents,
  suppressionLists,
  suppressionStream,
} from "#domain/suppression/list.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import { deterministicUuid, newUuid } from "#platform/ids.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Yard } from "#platform/yard.ts";
import { byOf } from "../access/person.ts";
import { changer } from "../admin/change.ts";
import { notFound } from "../admin/scope.ts";
import { follow } from "../configuration.ts";
import {
  describeScope,
  noContent,
  type Routes,
  responseSchemas,
  zodValidator,
} from "../http/route-schema.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { type Entries, entriesIn } from "./lines.ts";

const codec = createCodec(suppressionEvents);
const configuredLists = {
  name: "suppression-lists",
  stream: SUPPRESSION_LIST_STREAM,
  codec: createCodec(suppressionListEvents),
  decider: suppressionLists,
};

export const followSuppressionLists = (yard: Yard): Promise<LiveView<SuppressionLists>> =>
  follow(yard, configuredLists, (lists) => lists);

export interface SuppressionRoutesParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly view: LiveView<SuppressionLists>;
}

const NDJSON = "application/x-ndjson";
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const count = z.int().nonnegative();
const Shown = z
  .object({
    name: SuppressionList,
    entries: count.meta({ description: "E-mail addresses, phone numbers and hashes, each once" }),
    expired: count.meta({ description: "Those of them that count no more" }),
    updated_at: z.iso.datetime(),
  })
  .register(responseSchemas, { id: "SuppressionList" });
const AllShown = z.object({ items: z.array(Shown) }).register(responseSchemas, { id: "SuppressionLists" });
const params = z.object({ list: SuppressionList });
const Lines = z.unknown().meta({
  description: "A line each: `{email?, phone?, sha256?, expires_at?}`, at least one of the first three",
});

export function suppressionRoutes({ eventStore, vault, view }: SuppressionRoutesParts): Routes {
  const change = changer(eventStore, configuredLists, view, ({ reason }) => refusals[reason]);

  async function load(list: string, upload: string): Promise<Suppressions> {
    const found: Suppressions = new Map();
    for await (const stored of eventStore.streamEvents(suppressionStream(list, upload))) {
      const decoded = decodeOrPassOver(codec, stored, () => undefined);
      if (decoded?.known) addSuppressions(found, decoded.event);
    }
    return found;
  }

  async function store(list: string, upload: string, entries: Entries, by: string): Promise<void> {
    const all = [...entries];
    const [id, at] = [newUuid(), new Date().toISOString()];
    for (let from = 0; from < all.length; from += CHUNK) {
      const data = { list, upload, entries: all.slice(from, from + CHUNK) };
      const event = codec.encode(
        { type: "SuppressionsAdded", data },
        { id: deterministicUuid(list, id, `${from}`), at, by },
      );
      await eventStore.append(suppressionStream(list, upload), "any", [event]);
    }
  }

  async function shown(name: string, lists: SuppressionLists): Promise<z.infer<typeof Shown>> {
    const state = lists.get(name);
    if (state === undefined) throw notFound();
    const entries = await load(name, state.upload);
    const now = Date.now();
    let expired = 0;
    for (const until of entries.values()) if (until <= now) expired += 1;
    return { name, entries: entries.size, expired, updated_at: state.updated_at };
  }

  async function replace(list: string, entries: Entries, reply: FastifyReply): Promise<SuppressionLists> {
    const upload = newUuid();
    await store(list, upload, entries, byOf(reply.request));
    return change({ type: "replace", list, upload, at: new Date().toISOString() }, reply);
  }

  return async (app) => {
    describeScope(app, () => ({ tags: ["Suppressions"] }));
    app.setValidatorCompiler(zodValidator("unacceptable"));
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      NDJSON,
      { parseAs: "buffer", bodyLimit: MAX_BODY_BYTES },
      async (_request: FastifyRequest, body: Buffer) => body,
    );
    const bytesOf = (body: unknown): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0));

    const upload = {
      params,
      body: { content: { [NDJSON]: { schema: Lines } } },
      response: { 200: Shown },
      refusals: ["unacceptable", "conflict"] as const,
    };

    app.get(
      "/api/suppressions",
      { schema: { summary: "All suppression lists", response: { 200: AllShown } } },
      async () => {
        const lists = view.current();
        const items = [];
        for (const name of [...lists.keys()].sort()) items.push(await shown(name, lists));
        return { items };
      },
    );

    app.get(
      "/api/suppressions/:list",
      {
        schema: {
          summary: "One suppression list: how many it names, never whom",
          params,
          response: { 200: Shown },
        },
      },
      (request) => shown(request.params.list, view.current()),
    );

    app.put(
      "/api/suppressions/:list",
      { schema: { summary: "Put a suppression list in place of the one before, as a whole", ...upload } },
      async (request, reply) => {
        const { list } = request.params;
        const entries = await entriesIn(bytesOf(request.body), vault);
        return shown(list, await replace(list, entries, reply));
      },
    );

    app.post(
      "/api/suppressions/:list",
      { schema: { summary: "Add to a suppression list, which need not be there", ...upload } },
      async (request, reply) => {
        const { list } = request.params;
        const entries = await entriesIn(bytesOf(request.body), vault);
        const before = view.current().get(list);
        if (before === undefined) return shown(list, await replace(list, entries, reply));
        await store(list, before.upload, entries, byOf(request));
        const extension = {
          type: "extend",
          list,
          upload: before.upload,
          at: new Date().toISOString(),
        } as const;
        return shown(list, await change(extension, reply));
      },
    );

    app.delete(
      "/api/suppressions/:list",
      { schema: { summary: "Remove a suppression list", params, response: noContent } },
      async (request, reply) => {
        const { list } = request.params;
        await change({ type: "remove", list, at: new Date().toISOString() }, reply);
        return reply.code(204).send();
      },
    );
  };
}

const refusals: Readonly<Record<SuppressionListRefusal, Refusal>> = {
  no_such_list: refusal("not_found"),
  replaced_meanwhile: refusal("conflict", {
    detail: "The list was replaced at this very moment; add once more",
  }),
  too_many_lists: refusal("conflict", {
    detail: "There are as many lists as there may be; remove one first",
  }),
};
