// Who changed what, when and why; what it was before, and after.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { Link } from "wouter";
import type { Page as ApiPage, AuditItem } from "../api/admin-shapes.ts";
import { get, withQuery } from "../api/client.ts";
import { Button } from "../ui/button.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { Field, Select } from "../ui/field.tsx";
import { asMoment, type Filters, useFilters } from "../ui/filters.ts";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, counted, Loading, Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { Time } from "../ui/time.tsx";
import { changedFields, changedRules, rulesInWords } from "./changed-fields.ts";
import { placeOf, typeInWords, useTypes } from "./words.ts";
import "./audit.css";

const NAMES = ["by", "about", "type", "from", "to"] as const;

export default function Audit() {
  const filters = useFilters();
  const query = {
    by: filters.get("by"),
    about: filters.get("about"),
    type: filters.get("type"),
    from: asMoment(filters.get("from")),
    to: asMoment(filters.get("to")),
    cursor: filters.get("cursor"),
    limit: 50,
  };
  const audit = useQuery({
    queryKey: ["audit", query],
    queryFn: ({ signal }) => get<ApiPage<AuditItem>>(withQuery("/api/audit", query), signal),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });
  const isFiltered = NAMES.some((name) => filters.get(name) !== "");
  const { items = [], next_cursor } = audit.data ?? {};
  return (
    <Page title="Audit" lead="Every change that a person or a token made, from the log itself.">
      <div className="stack">
        <Filtering filters={filters} />
        {audit.error && <ProblemNotice problem={audit.error} />}
        <Card flush>
          {audit.isPending && !audit.error ? (
            <Loading />
          ) : items.length === 0 ? (
            <Empty title={isFiltered ? "No change matches these filters" : "Nobody has changed anything yet"}>
              {isFiltered && <Button onClick={filters.clear}>Clear filters</Button>}
            </Empty>
          ) : (
            <Table items={items} />
          )}
        </Card>
        <Pager filters={filters} next={next_cursor} />
      </div>
    </Page>
  );
}

function Filtering({ filters }: { readonly filters: Filters }) {
  const { set } = filters;
  const types = useTypes();
  const by = useCallback((typed: string) => set({ by: typed }), [set]);
  const about = useCallback((typed: string) => set({ about: typed }), [set]);
  const moment = (label: string, name: string) => (
    <Field
      label={label}
      type="datetime-local"
      value={filters.get(name)}
      onChange={({ target }) => set({ [name]: target.value })}
    />
  );
  return (
    <search className="filters audit-filters">
      <SearchField label="By" value={filters.get("by")} placeholder="A name, exactly" onChange={by} />
      <SearchField
        label="About"
        value={filters.get("about")}
        placeholder="As shown, such as partner edu"
        onChange={about}
      />
      <Select label="Type" value={filters.get("type")} onChange={({ target }) => set({ type: target.value })}>
        <option value="">Any</option>
        {types.map((type) => (
          <option key={type} value={type}>
            {typeInWords(type)}
          </option>
        ))}
      </Select>
      {moment("From", "from")}
      {moment("To", "to")}
    </search>
  );
}

function Table({ items }: { readonly items: readonly AuditItem[] }) {
  return (
    <DataTable
      className="audit"
      rows={items}
      keyOf={({ position }) => position}
      columns={[
        {
          name: "Change",
          className: "audit-change",
          cell: (item) => (
            <>
              {typeInWords(item.type)}
              {item.reason !== undefined && (
                <span className="audit-reason muted small break">{item.reason}</span>
              )}
              <Difference item={item} />
            </>
          ),
        },
        { name: "About", className: "break", cell: ({ about }) => <About about={about} /> },
        { name: "By", className: "break", cell: ({ by }) => by },
        { name: "When", cell: ({ at }) => <Time at={at} /> },
      ]}
    />
  );
}

function About({ about }: { readonly about: string }) {
  const place = placeOf(about);
  return place === undefined ? about : <Link href={place}>{about}</Link>;
}

function Difference({ item: { about, before, after } }: { readonly item: AuditItem }) {
  const fields = changedFields(before, after);
  if (fields.length === 0) return null;
  const rules = about === "ruleset" ? changedRules(before, after) : [];
  return (
    <details className="audit-difference">
      <summary className="break">
        {rules.length > 0 ? rulesInWords(rules) : counted(fields.length, "field")}
      </summary>
      <dl>
        {fields.map(({ path, was, is }) => (
          <div key={path}>
            <dt className="mono small break">{path}</dt>
            <dd className="break">
              {was !== undefined && <del>{was}</del>} {is !== undefined && <ins>{is}</ins>}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
