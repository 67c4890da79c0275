// The draft of whoever is signed in, as a screen works with it.
import { useEffect, useState, useSyncExternalStore } from "react";
import { call, get, Problem } from "../api/client.ts";
import type { KeptRulesDraft, RuleSet } from "../api/shapes.ts";
import { useSession } from "../session/session.tsx";
import { changes, type Draft } from "./draft.ts";
import { type DraftState, type Kept, keepDraft, type LocalDraft, type RemoteDraft } from "./kept-draft.ts";

export interface DraftInHand {
  /** Undefined while nothing differs from what is in force. */
  readonly draft: Draft | undefined;
  readonly state: DraftState;
  edit(rules: Draft["rules"]): void;
  replace(draft: Draft): void;
  discard(): Promise<void>;
  keepMine(): void;
  takeTheirs(): void;
}

const PATH = "/api/rules/draft";

const remote: RemoteDraft = {
  async read() {
    const { draft } = await get<KeptRulesDraft>(PATH);
    if (draft === null) return { revision: null, draft: undefined };
    const { revision, base, rules } = draft;
    return { revision, draft: { base, rules } };
  },
  async save(draft, follows) {
    try {
      if (draft !== undefined) {
        const body = { base_version: draft.base.version, rules: draft.rules, expected_revision: follows };
        return (await call<{ readonly revision: string }>("PUT", PATH, { body })).revision;
      }
      if (follows !== null) await call("DELETE", `${PATH}?expected_revision=${follows}`);
      return null;
    } catch (error) {
      if (error instanceof Problem && error.status === 409) return "moved";
      throw error;
    }
  },
  isRefusal: (error) => error instanceof Problem && error.status < 500,
};

function localDraft(person: string): LocalDraft {
  const key = `switchyard.draft.${person}`;
  return {
    read() {
      try {
        const found: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
        return typeof found === "object" && found !== null && "revision" in found
          ? (found as Kept)
          : undefined;
      } catch {
        return undefined;
      }
    },
    write(kept) {
      try {
        if (kept === undefined) localStorage.removeItem(key);
        else localStorage.setItem(key, JSON.stringify(kept));
      } catch {
        // A browser that keeps nothing still has it until the page is closed.
      }
    },
  };
}

/** `mayDraft` is false for who only reads the rules. */
export function useDraft(live: RuleSet, mayDraft: boolean): DraftInHand {
  const { me } = useSession();
  const [kept] = useState(() => keepDraft(remote, localDraft(me?.name ?? "")));
  const { draft, state } = useSyncExternalStore(kept.subscribe, kept.current);

  useEffect(() => {
    if (!mayDraft) return;
    const close = kept.open();
    // Who comes back from another tab or browser may have gone on with it there.
    const look = (): void => {
      if (document.visibilityState === "visible") void kept.refresh();
    };
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
      close();
    };
  }, [kept, mayDraft]);

  const isInForce = draft !== undefined && changes(live.rules, draft.rules).length === 0;
  useEffect(() => {
    if (isInForce && state.is === "saved") kept.change(undefined);
  }, [isInForce, state.is, kept]);

  const replace = (next: Draft): void =>
    kept.change(changes(next.base.rules, next.rules).length > 0 ? next : undefined);
  return {
    draft: isInForce ? undefined : draft,
    state,
    replace,
    edit: (rules) => replace({ base: draft?.base ?? { version: live.version, rules: live.rules }, rules }),
    discard: kept.discard,
    keepMine: kept.keepMine,
    takeTheirs: kept.takeTheirs,
  };
}
