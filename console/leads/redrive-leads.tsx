// Redrives the dead letters among the leads that are filtered: they are gathered and counted before anything is asked.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call, get, Problem, withQuery } from "../api/client.ts";
import type { Query } from "../api/queries.ts";
import type { LeadPage } from "../api/shapes.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { numbers } from "../ui/page.tsx";

/** As many as one request takes. */
const MAX_IDS = 10_000;

interface Gathered {
  readonly ids: readonly string[];
  /** Their partners may have them, so nobody but a person can say what is to be done. */
  readonly inDoubt: number;
}

async function gather(query: Query, told: (found: number) => void): Promise<Gathered> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const asked = { ...query, status: "dead_lettered", limit: 200, cursor };
    const page: LeadPage = await get(withQuery("/api/leads", asked));
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next_cursor;
    told(ids.length);
  } while (cursor !== undefined && ids.length < MAX_IDS);
  return withoutDoubtful(ids.slice(0, MAX_IDS));
}

async function withoutDoubtful(ids: readonly string[]): Promise<Gathered> {
  if (ids.length === 0) return { ids, inDoubt: 0 };
  try {
    await call("POST", "/api/dlq/redrive", { body: { ids, dry_run: true } });
    return { ids, inDoubt: 0 };
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 422) throw error;
    const refused = new Set(error.errors.map(({ path }) => Number(path.split(".")[1])));
    const left = ids.filter((_, n) => !refused.has(n));
    return { ids: left, inDoubt: ids.length - left.length };
  }
}

export function RedriveLeads({ query, status }: { readonly query: Query; readonly status: string }) {
  const { may } = useSession();
  const queries = useQueryClient();
  const [found, setFound] = useState(0);
  const [asking, setAsking] = useState<Gathered>();
  const gathering = useMutation({ mutationFn: () => gather(query, setFound), onSuccess: setAsking });
  if (!may("dead_letters.change") || (status !== "" && status !== "dead_lettered")) return null;

  async function redrive(): Promise<void> {
    await call("POST", "/api/dlq/redrive", { body: { ids: asking?.ids } });
    await queries.invalidateQueries({ queryKey: ["leads"] });
  }

  return (
    <>
      <Button onClick={() => gathering.mutate()} isBusy={gathering.isPending}>
        {gathering.isPending ? `Counting … ${numbers.format(found)}` : "Redrive"}
      </Button>
      {gathering.error && <ProblemNotice problem={gathering.error} />}
      {asking !== undefined && (
        <Confirm
          title={`Redrive ${numbers.format(asking.ids.length)} dead letters?`}
          verb="Redrive"
          isReady={asking.ids.length > 0}
          onConfirm={redrive}
          onClose={() => setAsking(undefined)}
        >
          <p>Each dead letter among the filtered leads goes back to its stage, once.</p>
          {asking.inDoubt > 0 && (
            <p>{`${numbers.format(asking.inDoubt)} more may be with their partner already and stay; resolve them one by one.`}</p>
          )}
          {asking.ids.length === MAX_IDS && <p>There may be more: these are as many as go at once.</p>}
        </Confirm>
      )}
    </>
  );
}
