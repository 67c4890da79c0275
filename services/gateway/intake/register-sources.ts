// The sources that the environment names exist from the first start on.
import { SourceId } from "#domain/ids.ts";
import { SECRETS_KEY, sourceContext } from "#domain/seal-contexts.ts";
import { SourceSettings } from "#domain/source/events.ts";
import { newUuid } from "#platform/ids.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { parseSecret } from "#platform/webhooks.ts";
import type { Yard } from "#platform/yard.ts";
import { BY_CONFIGURATION, change } from "../configuration.ts";
import { configuredSources } from "./sources.ts";

/** Of several processes that start at once, one registers a source and the others find it registered. */
export async function registerSources({ config, eventStore, log }: Yard, vault: Vault): Promise<void> {
  for (const { id, secret } of config.sources) {
    const source = SourceId.parse(id);
    parseSecret(secret);
    const sealed = await vault.seal(SECRETS_KEY, secret, sourceContext(source));
    const settings = SourceSettings.parse({});
    const registered = await change(
      eventStore(),
      configuredSources,
      { type: "register", source, settings, secret_id: newUuid(), sealed },
      { by: BY_CONFIGURATION },
    );
    if (!("accepted" in registered)) log.info({ source }, "source registered");
  }
}
