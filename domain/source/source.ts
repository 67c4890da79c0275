import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { Sealed } from "../event.ts";
import type { SourceId } from "../ids.ts";
import type { SourceEvent, SourceSettings } from "./events.ts";

// The sources that may send, and what may happen to each of them next.

export interface Source {
  readonly settings: SourceSettings;
  /** Sealed, by their ids; several live side by side while they rotate. */
  readonly secrets: ReadonlyMap<string, Sealed>;
  readonly removed: boolean;
}

/** Every source that was ever configured. */
export type Sources = ReadonlyMap<SourceId, Source>;

function existingSource(sources: Sources, id: SourceId): Source | undefined {
  const source = sources.get(id);
  return source?.removed ? undefined : source;
}

/** More at once than any rotation needs would only make every check dearer. */
const MAX_SECRETS = 8;

function evolve(sources: Sources, event: SourceEvent): Sources {
  const id = event.data.source;
  const after = evolveOne(sources.get(id), event);
  return after === undefined ? sources : new Map(sources).set(id, after);
}

function evolveOne(before: Source | undefined, event: SourceEvent): Source | undefined {
  switch (event.type) {
    case "SourceConfigured":
      return { settings: event.data.settings, secrets: before?.secrets ?? new Map(), removed: false };
    case "SourceSecretAdded": {
      const { secret_id, sealed } = event.data;
      return before && { ...before, secrets: new Map(before.secrets).set(secret_id, sealed) };
    }
    case "SourceSecretRemoved": {
      const secrets = new Map(before?.secrets);
      secrets.delete(event.data.secret_id);
      return before && { ...before, secrets };
    }
    case "SourceRemoved":
      return before && { ...before, secrets: new Map(), removed: true };
  }
}

export type SourceCommand =
  /** What the configuration names: once registered, a source belongs to the admin API, changed or removed there. */
  | {
      readonly type: "register";
      readonly source: SourceId;
      readonly settings: SourceSettings;
      readonly secret_id: string;
      readonly sealed: Sealed;
    }
  | { readonly type: "configure"; readonly source: SourceId; readonly settings: SourceSettings }
  | {
      readonly type: "add_secret";
      readonly source: SourceId;
      readonly secret_id: string;
      readonly sealed: Sealed;
    }
  | { readonly type: "remove_secret"; readonly source: SourceId; readonly secret_id: string }
  | { readonly type: "remove"; readonly source: SourceId };

export type SourceRefusal = "already_registered" | "no_such_source" | "no_such_secret" | "too_many_secrets";

type Decided = Decision<SourceEvent, SourceRefusal>;

function decide(command: SourceCommand, sources: Sources): Decided {
  const { source } = command;
  const known = existingSource(sources, source);
  switch (command.type) {
    case "configure":
      return accept<SourceEvent>({ type: "SourceConfigured", data: { source, settings: command.settings } });
    case "register": {
      const { settings, secret_id, sealed } = command;
      if (sources.has(source)) return refuse("already_registered");
      return accept<SourceEvent>(
        { type: "SourceConfigured", data: { source, settings } },
        { type: "SourceSecretAdded", data: { source, secret_id, sealed } },
      );
    }
    case "add_secret": {
      if (known === undefined) return refuse("no_such_source");
      if (known.secrets.size >= MAX_SECRETS) return refuse("too_many_secrets");
      const { secret_id, sealed } = command;
      return accept<SourceEvent>({ type: "SourceSecretAdded", data: { source, secret_id, sealed } });
    }
    case "remove_secret": {
      if (known === undefined) return refuse("no_such_source");
      const { secret_id } = command;
      if (!known.secrets.has(secret_id)) return refuse("no_such_secret");
      return accept<SourceEvent>({ type: "SourceSecretRemoved", data: { source, secret_id } });
    }
    case "remove":
      if (known === undefined) return refuse("no_such_source");
      return accept<SourceEvent>({ type: "SourceRemoved", data: { source } });
  }
}

export const sourceConfiguration: Decider<Sources, SourceCommand, Decided> = {
  initial: new Map(),
  evolve,
  decide,
};
