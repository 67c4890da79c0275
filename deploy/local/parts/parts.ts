// The embedded parts, side by side: those that no variable and no running yard provides.
import type { Config, Environment } from "#platform/config.ts";
import type { Endpoints } from "#platform/endpoints.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Children } from "../children/children.ts";
import { shownUrl } from "../shown-url.ts";
import type { Steps } from "../steps.ts";
import { prepareEventStore } from "./eventstore.ts";
import { prepareNats } from "./nats.ts";
import type { Part } from "./part.ts";
import { preparePostgres } from "./postgres.ts";
import { startPart } from "./start-part.ts";

export interface PartsOptions {
  readonly config: Config;
  readonly env: Environment;
  readonly joined: Endpoints | undefined;
  readonly children: Children;
  readonly lifecycle: Lifecycle;
  readonly steps: Steps;
}

export type PartUrls = Pick<Endpoints, "nats_url" | "nats_producer_url" | "eventstore_url" | "database_url">;

export async function startParts(options: PartsOptions): Promise<PartUrls> {
  const { config, env, joined, children, lifecycle, steps } = options;
  const stops: (() => Promise<void>)[] = [];
  lifecycle.own("parts", async () => {
    await Promise.all(stops.map((stop) => stop()));
  });
  async function provide<P extends Part>(
    url: string | undefined,
    prepare: () => Promise<P>,
  ): Promise<P | Pick<P, "url">> {
    if (url !== undefined) return { url };
    const part = await startPart(prepare, { children, stops, say: steps.note });
    steps.done(part.command.name, shownUrl(part.url));
    return part;
  }
  const { dataDir } = config;
  const [nats, eventStore, postgres] = await Promise.all([
    provide(config.natsUrl ?? joined?.nats_url, () => prepareNats(dataDir, env)),
    provide(config.eventstoreUrl ?? joined?.eventstore_url, () => prepareEventStore(dataDir, env)),
    provide(config.databaseUrl ?? joined?.database_url, () => preparePostgres(dataDir, env, steps.note)),
  ]);
  return {
    nats_url: nats.url,
    ...("producerUrl" in nats && { nats_producer_url: nats.producerUrl }),
    eventstore_url: eventStore.url,
    database_url: postgres.url,
  };
}
