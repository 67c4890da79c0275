import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { get, withQuery } from "../api/client.ts";
import { useDeadLetters, usePartners } from "../api/queries.ts";
import type { DeadLetter, DeadLetterCause } from "../api/shapes.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Select } from "../ui/field.tsx";
import { type Filters, useFilters } from "../ui/filters.ts";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers, Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { worded } from "../ui/words.ts";
import { LetterTable } from "./letter-table.tsx";
import { type Meant, Move, type Verb } from "./move.tsx";
import { Moves } from "./moves.tsx";
import { Resolve } from "./resolve.tsx";
import "./dead-letters.css";

const STAGES = ["intake", "identify", "route", "deliver", "campaign"] as const;
const PAGE = 100;

interface Asking {
  readonly verb: Verb;
  readonly meant: Meant;
}

export default function DeadLetters() {
  const { may } = useSession();
  const mayMove = may("dead_letters.change");
  const filters = useFilters();
  const [stage, partner, cause] = [filters.get("stage"), filters.get("partner"), filters.get("cause")];
  const letters = useDeadLetters({ stage, partner, cause, cursor: filters.get("cursor"), limit: PAGE });
  const [asking, setAsking] = useState<Asking>();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [resolving, setResolving] = useState<DeadLetter>();
  const shown = letters.data?.items ?? [];
  const chosen = shown.filter(({ id }) => selected.has(id));
  /** Those that are selected; else all of the filter, on every page. */
  const meant: Meant =
    chosen.length > 0
      ? { ids: chosen.map(({ id }) => id) }
      : {
          ...(stage !== "" && { stage }),
          ...(partner !== "" && { partner }),
          ...(cause !== "" && { cause }),
        };

  const actions = mayMove && shown.length > 0 && (
    <>
      {chosen.length > 0 && <span className="muted small">{`${chosen.length} selected`}</span>}
      <Button kind="danger" onClick={() => setAsking({ verb: "Discard", meant })}>
        Discard
      </Button>
      <Button kind="primary" onClick={() => setAsking({ verb: "Redrive", meant })}>
        Redrive
      </Button>
    </>
  );

  return (
    <Page
      title="Dead letters"
      lead="What could not go on by itself, and waits for somebody to decide."
      actions={actions}
    >
      <div className="stack">
        <Filtering filters={filters} />
        {letters.error && <ProblemNotice problem={letters.error} />}
        <Causes filters={filters} />
        <Moves mayHold={mayMove} />
        <Card flush>
          {letters.isPending && !letters.error ? (
            <Loading />
          ) : shown.length === 0 ? (
            <Nothing filters={filters} />
          ) : (
            <LetterTable
              letters={shown}
              mayMove={mayMove}
              selected={selected}
              onSelect={setSelected}
              onResolve={setResolving}
            />
          )}
        </Card>
        <Pager filters={filters} next={letters.data?.next_cursor} />
      </div>
      {asking && (
        <Move {...asking} onClose={() => setAsking(undefined)} onMoved={() => setSelected(new Set())} />
      )}
      {resolving && <Resolve letter={resolving} onClose={() => setResolving(undefined)} />}
    </Page>
  );
}

function Filtering({ filters }: { readonly filters: Filters }) {
  const partners = usePartners().data ?? [];
  const chosen = filters.get("partner");
  const ids = partners.map(({ id }) => id);
  return (
    <search className="filters">
      <Select
        label="Stage"
        value={filters.get("stage")}
        onChange={({ target }) => filters.set({ stage: target.value, cause: "" })}
      >
        <option value="">Any</option>
        {STAGES.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </Select>
      <Select
        label="Partner"
        value={chosen}
        onChange={({ target }) => filters.set({ partner: target.value, cause: "" })}
      >
        <option value="">Any</option>
        {(chosen === "" || ids.includes(chosen) ? ids : [...ids, chosen]).map((id) => (
          <option key={id}>{id}</option>
        ))}
      </Select>
    </search>
  );
}

function Nothing({ filters }: { readonly filters: Filters }) {
  const isFiltered = ["stage", "partner", "cause", "cursor"].some((name) => filters.get(name) !== "");
  if (!isFiltered)
    return (
      <Empty title="No dead letters">
        <p>Everything that came in went on its way. What can't go on by itself appears here, with why.</p>
      </Empty>
    );
  return (
    <Empty title="No dead letter matches these filters">
      <Button onClick={filters.clear}>Clear filters</Button>
    </Empty>
  );
}

const MAX_CAUSES = 12;

/** The same cause is usually one problem, and mended at once. */
function Causes({ filters }: { readonly filters: Filters }) {
  const [isAll, setAll] = useState(false);
  const query = { stage: filters.get("stage"), partner: filters.get("partner") };
  const { data = [], error } = useQuery({
    queryKey: ["dead-letters", "causes", query],
    queryFn: async ({ signal }) =>
      (await get<{ readonly items: readonly DeadLetterCause[] }>(withQuery("/api/dlq/causes", query), signal))
        .items,
    placeholderData: keepPreviousData,
  });
  const chosen = filters.get("cause");
  const causes =
    chosen === "" || data.some(({ cause }) => cause === chosen)
      ? data
      : [...data, { cause: chosen, count: 0 }];
  if (error) return <ProblemNotice problem={error} />;
  if (causes.length === 0) return null;
  return (
    <fieldset className="causes">
      <legend className="small muted">By cause</legend>
      {causes
        .filter(({ cause }, n) => isAll || n < MAX_CAUSES || cause === chosen)
        .map(({ cause, count }) => (
          <button
            key={cause}
            type="button"
            className="cause"
            aria-pressed={chosen === cause}
            onClick={() => filters.set({ cause: chosen === cause ? "" : cause })}
          >
            <span className="break">{worded(cause)}</span> <strong>{numbers.format(count)}</strong>
          </button>
        ))}
      {causes.length > MAX_CAUSES && (
        <Button size="small" kind="quiet" onClick={() => setAll(!isAll)}>
          {isAll ? "Fewer" : `${causes.length - MAX_CAUSES} more`}
        </Button>
      )}
    </fieldset>
  );
}
