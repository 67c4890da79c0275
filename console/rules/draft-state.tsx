// Where the draft stands: on the server, only in this browser, or also elsewhere as something else.
import { Problem } from "../api/client.ts";
import { Button } from "../ui/button.tsx";
import { Notice, ProblemNotice } from "../ui/notice.tsx";
import { ChangesList } from "./changes-list.tsx";
import { changes } from "./draft.ts";
import type { DraftInHand } from "./use-draft.ts";

/** A line for beside the title; what needs a person stands in DraftTrouble. */
export function DraftSaved({ state }: Pick<DraftInHand, "state">) {
  const text = {
    loading: "",
    saved: "Draft saved",
    saving: "Saving …",
    unsaved: "Not saved",
    moved: "Not saved",
  };
  return (
    <span className="muted small" role="status">
      {text[state.is]}
    </span>
  );
}

export function DraftTrouble({ inHand }: { readonly inHand: DraftInHand }) {
  const { state, draft } = inHand;
  if (state.is === "unsaved")
    return state.because instanceof Problem ? (
      <ProblemNotice problem={state.because} />
    ) : (
      <Notice tone="warn" title="The draft is not saved on the server">
        <p>
          The server does not answer. Your draft stands in this browser, you can go on with it, and it is
          saved by itself when the server is back.
        </p>
      </Notice>
    );
  if (state.is !== "moved") return null;
  const { theirs } = state;
  const base = draft?.base.rules ?? theirs.draft?.base.rules ?? [];
  return (
    <Notice tone="warn" title="Your draft was changed in another tab or browser">
      <p>
        {theirs.draft === undefined
          ? "There it was published or discarded. Here it still stands, and is not saved until you choose."
          : "There it differs from what stands here. Neither takes the place of the other until you choose."}
      </p>
      {theirs.draft !== undefined && (
        <details>
          <summary>The other draft</summary>
          <ChangesList changes={changes(base, theirs.draft.rules)} />
        </details>
      )}
      <div className="buttons">
        <Button kind="primary" onClick={inHand.keepMine}>
          Keep this one
        </Button>
        <Button onClick={inHand.takeTheirs}>
          {theirs.draft === undefined ? "Discard this one" : "Take the other one"}
        </Button>
      </div>
    </Notice>
  );
}
