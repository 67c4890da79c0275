// A colleague has published while a draft was under way: what they changed, and the way to go on from there.
import { useState } from "react";
import type { RuleSet } from "../api/shapes.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { ChangesList } from "./changes-list.tsx";
import { changes, type Draft, rebased } from "./draft.ts";
import { useHistory } from "./history.tsx";

interface Props {
  readonly draft: Draft;
  readonly live: RuleSet;
  readonly onRebase: (draft: Draft) => void;
}

export function Moved({ draft, live, onRebase }: Props) {
  const [isShown, setShown] = useState(false);
  const history = useHistory();
  const version = history.data?.find((one) => one.version === live.version);
  const { draft: next, both } = rebased(draft, { version: live.version, rules: live.rules });
  return (
    <Notice tone="warn" title={`Version ${live.version} was published meanwhile`}>
      <p className="break">
        {version !== undefined &&
          `By ${version.by}${version.reason === undefined ? "" : `: ${version.reason}`}. `}
        {`Your draft began at version ${draft.base.version}; it is kept, and nothing was overwritten. Rebase puts your changes on top of version ${live.version}.`}
      </p>
      {both.length > 0 && (
        <p className="break">{`You have both changed ${both.join(", ")}: after the rebase your draft has it your way, to look at before you publish.`}</p>
      )}
      {isShown && <ChangesList changes={changes(draft.base.rules, live.rules)} />}
      <div className="buttons">
        <Button kind="primary" onClick={() => onRebase(next)}>
          Rebase
        </Button>
        <Button aria-expanded={isShown} onClick={() => setShown(!isShown)}>
          {isShown ? "Hide what they changed" : "Show what they changed"}
        </Button>
      </div>
    </Notice>
  );
}
