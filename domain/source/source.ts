import { accept, type Decision, refuse, type Sealed } from "../event.ts";
import type { SourceId } from "../ids.ts";
import type { SourceEvent, SourceSettings } from "./events.ts";

// One source as its stream tells it, and what may happen to it next.

export interface Source {
  readonly settings: SourceSettings;
  /** Sealed, by their ids; several live side by side while they rotate. */
  readonly secrets: ReadonlyMap<string, Sealed>;
}

/** Undefined before it is configured and after it is removed. */
export type SourceState = Source | undefined;

/** More at once than any rotation needs would only make every check dearer. */
const MOST_SECRETS = 8;

export function evolve(state: SourceState, event: SourceEvent): SourceState {
  switch (event.type) {
    case "SourceConfigured":
      return { settings: event.data.settings, secrets: state?.secrets ?? new Map() };
    case "SourceSecretAdded":
      return (
        state && { ...state, secrets: new Map(state.secrets).set(event.data.secret_id, event.data.sealed) }
      );
    case "SourceSecretRemoved": {
      if (state === undefined) return state;
      const secrets = new Map(state.secrets);
      secrets.delete(event.data.secret_id);
      return { ...state, secrets };
    }
    case "SourceRemoved":
      return undefined;
  }
}

export type SourceCommand =
  | { readonly do: "configure"; readonly source: SourceId; readonly settings: SourceSettings }
  | {
      readonly do: "add_secret";
      readonly source: SourceId;
      readonly secret_id: string;
      readonly sealed: Sealed;
    }
  | { readonly do: "remove_secret"; readonly source: SourceId; readonly secret_id: string }
  | { readonly do: "remove"; readonly source: SourceId };

export type SourceRefusal = "no_such_source" | "no_such_secret" | "too_many_secrets";

export function decide(command: SourceCommand, state: SourceState): Decision<SourceEvent, SourceRefusal> {
  const { source } = command;
  switch (command.do) {
    case "configure":
      return accept({ type: "SourceConfigured", data: { source, settings: command.settings } });
    case "add_secret": {
      if (state === undefined) return refuse("no_such_source");
      if (state.secrets.size >= MOST_SECRETS) return refuse("too_many_secrets");
      const { secret_id, sealed } = command;
      return accept({ type: "SourceSecretAdded", data: { source, secret_id, sealed } });
    }
    case "remove_secret": {
      if (state === undefined) return refuse("no_such_source");
      const { secret_id } = command;
      if (!state.secrets.has(secret_id)) return refuse("no_such_secret");
      return accept({ type: "SourceSecretRemoved", data: { source, secret_id } });
    }
    case "remove":
      if (state === undefined) return refuse("no_such_source");
      return accept({ type: "SourceRemoved", data: { source } });
  }
}
