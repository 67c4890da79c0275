import { z } from "zod";
import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import { type EventOf, Sealed } from "../event.ts";
import { SourceId } from "../ids.ts";

// Orders, shipments, accounts …: what rules and templates can read beside a submission that names it by `<kind>_id`.
// Stream: context-<kind>-<reference>, one for each object; its newest event says all. Stream: context_kind, which kinds there are.

export const CONTEXT_STREAM_PREFIX = "context-";
/** `reference` is a keyed hash of the id, which may say something about somebody. */
export const contextStream = (kind: string, reference: string): string =>
  `${CONTEXT_STREAM_PREFIX}${kind}-${reference}`;
export const CONTEXT_KIND_STREAM = "context_kind";

const KIND = "[a-z0-9][a-z0-9_-]{0,39}";
export const ContextKind = z
  .string()
  .regex(new RegExp(`^${KIND}$`), "use lower-case letters, digits, - and _ (at most 40)")
  .brand<"ContextKind">();
export type ContextKind = z.infer<typeof ContextKind>;

const NAMES_CONTEXT = new RegExp(`^(${KIND})_id$`);
const MAX_ID = 200;
/** All that a submission sees is sealed with it, and one append has to hold that. */
const MAX_CONTEXTS = 4;
export const MAX_CONTEXT_BYTES = 16 * 1024;

/** As a text or as a number it is the same id; undefined where it is none. */
export function contextId(value: unknown): string | undefined {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
  return text === "" || text.length > MAX_ID ? undefined : text;
}

export interface ContextReference {
  readonly kind: ContextKind;
  readonly id: string;
}

/** What the payload names, in its order. */
export function referencesIn(
  payload: Readonly<Record<string, unknown>>,
  kinds: ReadonlySet<string>,
): ContextReference[] {
  const found: ContextReference[] = [];
  if (kinds.size === 0) return found;
  for (const [name, value] of Object.entries(payload)) {
    const kind = NAMES_CONTEXT.exec(name)?.[1];
    const id = kind !== undefined && kinds.has(kind) ? contextId(value) : undefined;
    if (id !== undefined && found.length < MAX_CONTEXTS) found.push({ kind: kind as ContextKind, id });
  }
  return found;
}

const about = z.object({
  kind: ContextKind,
  /** Raised with each removal, which destroys the key of the generation. */
  generation: z.int().nonnegative(),
});

export const contextEvents = {
  ContextPut: {
    version: 1,
    schema: about.extend({
      /** Who keeps it; null: an admin. */
      source: SourceId.nullable(),
      /** {id, fields} under the key of its generation. */
      sealed: Sealed,
    }),
  },
  ContextRemoved: { version: 1, schema: about },
} as const;
export type ContextEvent = EventOf<typeof contextEvents>;

export const contextKindEvents = {
  ContextKindIntroduced: { version: 1, schema: z.object({ kind: ContextKind }) },
} as const;
export type ContextKindEvent = EventOf<typeof contextKindEvents>;

/** What stands sealed. */
export const ContextObject = z.object({ id: z.string(), fields: z.record(z.string(), z.unknown()) });

/** As its newest event says it. */
export interface ContextState {
  readonly generation: number;
  readonly kept: { readonly source: SourceId | null; readonly sealed: Sealed } | undefined;
}

export type ChangeContext =
  | {
      readonly type: "put";
      readonly kind: ContextKind;
      readonly by: SourceId | null;
      /** Under whose key it was sealed. */
      readonly generation: number;
      readonly sealed: Sealed;
    }
  | { readonly type: "remove"; readonly kind: ContextKind; readonly by: SourceId | null };

type Decided = Decision<ContextEvent, "no_such_context" | "kept_by_another" | "generation_moved">;

/** A source changes only what it keeps itself; an admin everything. */
export const context: Decider<ContextState, ChangeContext, Decided> = {
  initial: { generation: 0, kept: undefined },
  evolve(_before, { type, data }) {
    if (type === "ContextRemoved") return { generation: data.generation + 1, kept: undefined };
    return { generation: data.generation, kept: { source: data.source, sealed: data.sealed } };
  },
  decide(command, { generation, kept }) {
    const { kind, by } = command;
    if (kept !== undefined && by !== null && kept.source !== by) return refuse("kept_by_another");
    if (command.type === "remove")
      return kept === undefined
        ? refuse("no_such_context")
        : accept<ContextEvent>({ type: "ContextRemoved", data: { kind, generation } });
    if (command.generation !== generation) return refuse("generation_moved");
    const data = { kind, generation, source: by, sealed: command.sealed };
    return accept<ContextEvent>({ type: "ContextPut", data });
  },
};

export const contextKinds: Decider<ReadonlySet<string>, ContextKind, Decision<ContextKindEvent, never>> = {
  initial: new Set(),
  evolve: (kinds, { data: { kind } }) => new Set(kinds).add(kind),
  decide: (kind, kinds) =>
    kinds.has(kind)
      ? accept<ContextKindEvent>()
      : accept<ContextKindEvent>({ type: "ContextKindIntroduced", data: { kind } }),
};
