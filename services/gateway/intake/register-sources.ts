// The sources that the configuration names exist from the first start on.
import { randomUUID } from "node:crypto";
import { SourceId } from "#domain/ids.ts";
import { type SourceEvent, SourceSettings, sourceStream } from "#domain/source/events.ts";
import { WrongExpectedRevision } from "#platform/event-store/errors.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { parseSecret } from "#platform/webhooks.ts";
import type { Yard } from "#platform/yard.ts";
import { SECRETS_KEY, sourceCodec, sourceContext } from "./sources.ts";

/** Once registered, a source belongs to the admin API: changed or removed there, it stays so. */
export async function registerSources({ config, eventStore, log }: Yard, vault: Vault): Promise<void> {
  for (const { id, secret } of config.sources) {
    const source = SourceId.parse(id);
    parseSecret(secret);
    const stream = sourceStream(source);
    const [existing] = await eventStore().readStream(stream, { maxCount: 1 });
    if (existing !== undefined) continue;
    const sealed = await vault.seal(SECRETS_KEY, secret, sourceContext(source));
    const events: SourceEvent[] = [
      { type: "SourceConfigured", data: { source, settings: SourceSettings.parse({}) } },
      { type: "SourceSecretAdded", data: { source, secret_id: randomUUID(), sealed } },
    ];
    const at = new Date().toISOString();
    // Deterministic ids: of several processes that start at once, one registers it and the others agree.
    const encoded = events.map((event) =>
      sourceCodec.encode(event, { id: deterministicUuid(stream, "registered", event.type), at }),
    );
    try {
      await eventStore().append(stream, "no_stream", encoded);
      log.info({ source }, "registered a source");
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
    }
  }
}
