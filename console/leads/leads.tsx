import { useCallback } from "react";
import { Link } from "wouter";
import { useLeads, usePartners, useSources } from "../api/queries.ts";
import type { Lead } from "../api/shapes.ts";
import { Status } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { type Column, DataTable } from "../ui/data-table.tsx";
import { Select } from "../ui/field.tsx";
import { asMoment, type Filters, useFilters } from "../ui/filters.ts";
import { MomentFilter } from "../ui/moment-filter.tsx";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { Time } from "../ui/time.tsx";
import { worded } from "../ui/words.ts";
import { RedriveLeads } from "./redrive-leads.tsx";
import { kinds, nameOf, statuses } from "./words.ts";
import "./leads.css";

const NAMES = ["q", "status", "partner", "source", "kind", "from", "to", "rule", "person_id"] as const;

function queryOf(filters: Filters) {
  const { from, to, ...others } = Object.fromEntries(NAMES.map((name) => [name, filters.get(name)]));
  return { ...others, from: asMoment(from ?? ""), to: asMoment(to ?? "") };
}

export default function Leads() {
  const filters = useFilters();
  const query = queryOf(filters);
  const leads = useLeads({ ...query, cursor: filters.get("cursor"), limit: 50 });
  const isFiltered = NAMES.some((name) => filters.get(name) !== "");
  const { items = [], next_cursor } = leads.data ?? {};

  // What is counted for one filter is not asked about under another.
  const redrive = <RedriveLeads key={JSON.stringify(query)} query={query} status={filters.get("status")} />;

  return (
    <Page title="Leads" actions={redrive}>
      <div className="stack">
        <Filtering filters={filters} isFiltered={isFiltered} />
        {leads.error && <ProblemNotice problem={leads.error} />}
        <Card flush>
          {leads.isPending && !leads.error ? (
            <Loading />
          ) : items.length === 0 ? (
            <Empty title={isFiltered ? "No lead matches these filters" : "No leads yet"}>
              {isFiltered ? (
                <Button onClick={filters.clear}>Clear filters</Button>
              ) : (
                <p>They appear here as soon as a source sends one.</p>
              )}
            </Empty>
          ) : (
            <LeadTable items={items} />
          )}
        </Card>
        <Pager filters={filters} next={next_cursor} />
      </div>
    </Page>
  );
}

function Filtering({ filters, isFiltered }: { readonly filters: Filters; readonly isFiltered: boolean }) {
  const partners = usePartners().data ?? [];
  const sources = useSources().data ?? [];
  const { set } = filters;
  const search = useCallback((q: string) => set({ q }), [set]);
  const choice = (label: string, name: string, values: readonly string[]) => (
    <Select label={label} value={filters.get(name)} onChange={({ target }) => set({ [name]: target.value })}>
      <option value="">Any</option>
      {withChosen(values, filters.get(name)).map((value) => (
        <option key={value} value={value}>
          {name === "status" ? worded(value) : value}
        </option>
      ))}
    </Select>
  );
  return (
    <search className="lead-filters">
      <SearchField
        label="Search"
        value={filters.get("q")}
        placeholder="E-mail, phone, name or id, exactly"
        onChange={search}
      />
      <div className="filters">
        {choice("Status", "status", statuses)}
        {choice(
          "Partner",
          "partner",
          partners.map(({ id }) => id),
        )}
        {choice(
          "Source",
          "source",
          sources.map(({ id }) => id),
        )}
        {choice("Kind", "kind", kinds)}
        <MomentFilter label="From" name="from" filters={filters} />
        <MomentFilter label="To" name="to" filters={filters} />
      </div>
      {isFiltered && (
        <div className="buttons">
          {["rule", "person_id"].map(
            (name) =>
              filters.get(name) !== "" && (
                <Button key={name} size="small" onClick={() => set({ [name]: "" })}>
                  {`${worded(name)}: ${filters.get(name)} ×`}
                </Button>
              ),
          )}
          <Button size="small" onClick={filters.clear}>
            Clear filters
          </Button>
        </div>
      )}
    </search>
  );
}

/** What the address asks for is shown even where it is not known here. */
const withChosen = (values: readonly string[], chosen: string): readonly string[] =>
  chosen === "" || values.includes(chosen) ? values : [...values, chosen];

/** The same each time, so that a row is rendered again only where its lead has changed. */
const COLUMNS: readonly Column<Lead>[] = [
  {
    name: "Lead",
    className: "lead-name",
    cell: (lead) => (
      <>
        <Link href={`/leads/${lead.id}`}>{nameOf(lead)}</Link>
        <span className="mono muted small">{lead.id}</span>
      </>
    ),
  },
  {
    name: "Status",
    cell: ({ status, reason }) => (
      <span>
        <Status status={status} />
        {reason !== undefined && <span className="lead-reason muted small break">{worded(reason)}</span>}
      </span>
    ),
  },
  {
    name: "Partner",
    className: "break",
    cell: ({ partner }) => partner ?? <span className="muted">none</span>,
  },
  { name: "Kind", cell: ({ kind }) => kind },
  { name: "Source", className: "break", cell: ({ source }) => source },
  { name: "Received", cell: ({ received_at }) => <Time at={received_at} /> },
];

const idOf = ({ id }: Lead): string => id;

function LeadTable({ items }: { readonly items: readonly Lead[] }) {
  return <DataTable rows={items} keyOf={idOf} columns={COLUMNS} />;
}
