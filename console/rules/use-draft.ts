// The draft of whoever is signed in, kept in the browser so that a reload or a closed page loses nothing.
import { useCallback, useState } from "react";
import type { RuleSet } from "../api/shapes.ts";
import { useSession } from "../session/session.tsx";
import { changes, type Draft } from "./draft.ts";

export interface DraftInHand {
  /** Undefined while nothing differs from what is in force. */
  readonly draft: Draft | undefined;
  edit(rules: Draft["rules"]): void;
  replace(draft: Draft): void;
  discard(): void;
}

const keyOf = (person: string): string => `switchyard.draft.${person}`;

function kept(key: string): Draft | undefined {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    const isDraft = typeof found === "object" && found !== null && "base" in found && "rules" in found;
    return isDraft ? (found as Draft) : undefined;
  } catch {
    return undefined;
  }
}

function keep(key: string, draft: Draft | undefined): void {
  try {
    if (draft === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(draft));
  } catch {
    // A browser that keeps nothing still has it until the page is closed.
  }
}

export function useDraft(live: RuleSet | undefined): DraftInHand {
  const { me } = useSession();
  const key = keyOf(me?.name ?? "");
  const [draft, setDraft] = useState(() => kept(key));

  const replace = useCallback(
    (next: Draft) => {
      const isChanged = changes(next.base.rules, next.rules).length > 0;
      keep(key, isChanged ? next : undefined);
      setDraft(isChanged ? next : undefined);
    },
    [key],
  );
  return {
    draft,
    replace,
    edit(rules) {
      const base = draft?.base ?? (live && { version: live.version, rules: live.rules });
      if (base !== undefined) replace({ base, rules });
    },
    discard() {
      keep(key, undefined);
      setDraft(undefined);
    },
  };
}
