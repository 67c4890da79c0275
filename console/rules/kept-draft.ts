// The draft of whoever is signed in. The server keeps it for all their browsers; this browser keeps what the server does not have yet.
//
// 1. One save is under way at most; what is changed meanwhile is saved after it.
// 2. What the server does not have yet stands in `local`, so that a reload, a closed page or the end of a session loses nothing.
// 3. A save names the revision that it follows. Where another tab or browser was faster, nothing is overwritten: a person chooses.
import type { Draft } from "./draft.ts";

/** A draft with the revision of it that the server has, or had when it was changed here; null where it had none. */
export interface Kept {
  readonly revision: string | null;
  readonly draft: Draft | undefined;
}

export interface RemoteDraft {
  read(): Promise<Kept>;
  /** Gives the new revision, or "moved" where the server has another than `follows` by now. Without a draft it is discarded. */
  save(draft: Draft | undefined, follows: string | null): Promise<string | null | "moved">;
  /** Whether to try the same again is of no use. */
  isRefusal(error: unknown): boolean;
}

export interface LocalDraft {
  read(): Kept | undefined;
  write(kept: Kept | undefined): void;
}

export type DraftState =
  /** Nothing is known yet of what the server has. */
  | { readonly is: "loading" }
  | { readonly is: "saved" | "saving" }
  /** It stands in this browser alone; unless the server refused it, it is tried again by itself. */
  | { readonly is: "unsaved"; readonly because: unknown }
  | { readonly is: "moved"; readonly theirs: Kept };

export interface DraftView {
  readonly draft: Draft | undefined;
  readonly state: DraftState;
}

export interface KeptDraft {
  current(): DraftView;
  subscribe(listener: () => void): () => void;
  /** Without a draft it is discarded. */
  change(draft: Draft | undefined): void;
  /**
   * In sight until the server has discarded it too; without the server it goes here, and there later.
   * Where another tab or browser has one too, that one is what is left.
   */
  discard(): Promise<void>;
  /** What the server has, unless something here is not saved yet. */
  refresh(): Promise<void>;
  /** Where another browser was faster: this one's draft takes the place of theirs, or theirs of this one's. */
  keepMine(): void;
  takeTheirs(): void;
  /** Begins to read and to save; returns what ends it. */
  open(): () => void;
}

export interface Pace {
  /** How long nobody must type before it is saved. */
  readonly quietMs: number;
  readonly retryMs: number;
}

const USUAL: Pace = { quietMs: 400, retryMs: 2_000 };

const same = (a: Draft | undefined, b: Draft | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.base.version === b.base.version &&
    JSON.stringify(a.rules) === JSON.stringify(b.rules));

export function keepDraft(remote: RemoteDraft, local: LocalDraft, pace = USUAL): KeptDraft {
  const found = local.read();
  let view: DraftView = { draft: found?.draft, state: { is: "loading" } };
  let revision = found?.revision ?? null;
  let hasUnsaved = found !== undefined;
  let busy: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = true;
  const listeners = new Set<() => void>();

  // 1
  function alone(work: () => Promise<void>): Promise<void> {
    busy = work().finally(() => {
      busy = undefined;
    });
    return busy;
  }

  function show(next: Partial<DraftView>): void {
    view = { ...view, ...next };
    for (const listener of listeners) listener();
  }

  function later(work: () => Promise<void>, ms: number): void {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void work(), ms);
  }

  function adopt(kept: Kept): void {
    revision = kept.revision;
    hasUnsaved = false;
    local.write(undefined);
    show({ draft: kept.draft, state: { is: "saved" } });
  }

  async function refresh(): Promise<void> {
    if (busy || view.state.is === "moved" || (hasUnsaved && view.state.is !== "loading")) return;
    await alone(readNow);
  }

  async function readNow(): Promise<void> {
    try {
      const kept = await remote.read();
      if (!hasUnsaved) {
        if (view.state.is === "loading" || kept.revision !== revision) adopt(kept);
        return;
      }
      if (kept.revision === revision) return later(save, 0);
      resolve(kept);
    } catch (because) {
      if (view.state.is !== "loading") {
        // What was changed meanwhile could not be saved beside the reading.
        if (hasUnsaved) later(save, pace.retryMs);
        return;
      }
      // What is kept here can be worked with; whether there is more is asked again.
      if (hasUnsaved) show({ state: { is: "unsaved", because } });
      later(hasUnsaved ? save : refresh, pace.retryMs);
    }
  }

  /** The server has another revision than what is here began from. */
  function resolve(theirs: Kept): void {
    // The same on both sides, as after a save whose answer was lost.
    if (same(theirs.draft, view.draft)) adopt(theirs);
    else show({ state: { is: "moved", theirs } }); // 3
  }

  async function save(): Promise<void> {
    if (busy || !hasUnsaved || view.state.is === "moved") return;
    await alone(saveNow);
  }

  async function saveNow(): Promise<void> {
    const { draft } = view;
    show({ state: { is: "saving" } });
    try {
      // Asked first, because a browser notes each refusal as a fault of the page; who is faster even so is refused.
      const now = await remote.read();
      if (now.revision !== revision) return resolve(now);
      const saved = await remote.save(draft, revision);
      if (saved === "moved") return resolve(await remote.read());
      revision = saved;
      if (view.draft === draft) {
        hasUnsaved = false;
        local.write(undefined);
        show({ state: { is: "saved" } });
      } else {
        local.write({ revision, draft: view.draft }); // 2
        later(save, 0);
      }
    } catch (because) {
      show({ state: { is: "unsaved", because } });
      if (!remote.isRefusal(because)) later(save, pace.retryMs);
    }
  }

  function change(draft: Draft | undefined): void {
    hasUnsaved = true;
    local.write({ revision, draft }); // 2
    const isChosen = view.state.is === "moved";
    show({ draft, ...(!isChosen && { state: { is: "saving" } }) });
    // Nobody goes on typing what they have discarded.
    if (!isChosen) later(save, draft === undefined ? 0 : pace.quietMs);
  }

  async function discard(): Promise<void> {
    const { draft } = view;
    // A save that is under way would put on the server again what is discarded here.
    while (busy) await busy;
    if (view.state.is === "moved") return takeTheirs();
    if (view.draft !== draft) return;
    clearTimeout(timer);
    await alone(discardNow);
  }

  async function discardNow(): Promise<void> {
    const { draft } = view;
    try {
      const saved = await remote.save(undefined, revision);
      if (saved === "moved") return resolve(await remote.read());
      if (view.draft === draft) return adopt({ revision: saved, draft: undefined });
      // Another was begun meanwhile.
      revision = saved;
      local.write({ revision, draft: view.draft }); // 2
      later(save, 0);
    } catch {
      if (view.draft === draft) change(undefined);
      else later(save, pace.retryMs);
    }
  }

  function takeTheirs(): void {
    if (view.state.is === "moved") adopt(view.state.theirs);
  }

  return {
    current: () => view,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    refresh,
    change,
    discard,
    keepMine() {
      if (view.state.is !== "moved") return;
      revision = view.state.theirs.revision;
      local.write({ revision, draft: view.draft });
      show({ state: { is: "saving" } });
      later(save, 0);
    },
    takeTheirs,
    open() {
      isClosed = false;
      // What was refused, as when a session had ended, may be taken now.
      void (hasUnsaved && view.state.is !== "loading" ? save() : refresh());
      return () => {
        isClosed = true;
        clearTimeout(timer);
        // What was typed in the last moment is not left to the next visit.
        void save();
      };
    },
  };
}
