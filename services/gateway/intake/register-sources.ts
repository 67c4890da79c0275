// The sources that the configuration names exist from the first start on.
import { SourceId } from "#domain/ids.ts";
import { SECRETS_KEY, sourceContext } from "#domain/seal-contexts.ts";
import { SOURCE_STREAM, type SourceEvent, SourceSettings } from "#domain/source/events.ts";
import { type SourceRefusal, type Sources, sourceConfiguration } from "#domain/source/source.ts";
import { decodeKnown, foldStream } from "#platform/fold-stream.ts";
import { deterministicUuid } from "#platform/ids.ts";
import { transact } from "#platform/transact.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { parseSecret } from "#platform/webhooks.ts";
import type { Yard } from "#platform/yard.ts";
import { sourceCodec } from "./sources.ts";

/** Of several processes that start at once, one registers a source and the others find it registered. */
export async function registerSources(yard: Yard, vault: Vault): Promise<void> {
  const eventStore = yard.eventStore();
  const { initial, evolve, decide } = sourceConfiguration;
  for (const { id, secret } of yard.config.sources) {
    const source = SourceId.parse(id);
    parseSecret(secret);
    const at = new Date().toISOString();
    const sealed = await vault.seal(SECRETS_KEY, secret, sourceContext(source));
    const idOf = (type: string): string => deterministicUuid(SOURCE_STREAM, source, "registered", type);
    const settings = SourceSettings.parse({});
    const registered = await transact<Sources, SourceEvent, { accepted: false; reason: SourceRefusal }>({
      eventStore,
      stream: SOURCE_STREAM,
      load: () =>
        foldStream({
          eventStore,
          stream: SOURCE_STREAM,
          decode: decodeKnown(sourceCodec),
          evolve,
          from: { state: initial, revision: "no_stream" },
        }),
      evolve,
      decide: (state) =>
        decide({ type: "register", source, settings, secret_id: idOf("secret"), sealed }, state),
      encode: (events) => events.map((event) => sourceCodec.encode(event, { id: idOf(event.type), at })),
    });
    if (registered.accepted) yard.log.info({ source }, "source registered");
  }
}
