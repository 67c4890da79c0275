// Somebody else has saved while this was edited: what they changed, and the way to go on from there.
import { Problem } from "../api/client.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Time } from "../ui/time.tsx";
import { Changes } from "./changes.tsx";
import type { Fields } from "./json-schema.ts";
import { merge } from "./merge.ts";

/** What there is now, and who has saved it as far as the server says so. */
export interface Newer {
  readonly version: number;
  readonly value: Fields;
  readonly by?: string;
  readonly at?: string;
}

/** The version that a refusal names, with who has made it; undefined where it is refused for something else. */
export function movedTo(problem: unknown): Omit<Newer, "value"> | undefined {
  if (!(problem instanceof Problem) || problem.status !== 409) return undefined;
  const { version, by, at } = problem.more;
  if (typeof version !== "number" || version === 0) return undefined;
  return { version, ...(typeof by === "string" && { by }), ...(typeof at === "string" && { at }) };
}

interface Props {
  readonly newer: Newer;
  readonly base: Fields;
  readonly mine: Fields;
  readonly onRebase: (value: Fields) => void;
}

export function Meanwhile({ newer: { version, value, by, at }, base, mine, onRebase }: Props) {
  const { value: merged, both } = merge(base, mine, value);
  return (
    <Notice
      tone="warn"
      title={`Version ${version} was saved meanwhile${by === undefined ? "" : ` by ${by}`}`}
    >
      <p>
        {at !== undefined && (
          <>
            <Time at={at} />.{" "}
          </>
        )}
        Nothing was overwritten, and what you changed is kept. This is what they changed:
      </p>
      <Changes before={base} after={value} />
      {both.length > 0 && (
        <p className="break">{`You have both changed ${both.join(", ")}: after the rebase it is your way, to look at before you save.`}</p>
      )}
      <div className="buttons">
        <Button kind="primary" onClick={() => onRebase(merged as Fields)}>
          Rebase
        </Button>
      </div>
    </Notice>
  );
}
