// Who is known: found by an e-mail, a phone or a name, exactly.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { Link } from "wouter";
import type { Page as ApiPage, Person } from "../api/admin-shapes.ts";
import { get, withQuery } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { actions, DataTable } from "../ui/data-table.tsx";
import { useFilters } from "../ui/filters.ts";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers, Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { Forget } from "./forget.tsx";
import { fieldOf, nameOf } from "./words.ts";
import "./people.css";

export default function People() {
  const filters = useFilters();
  const { set } = filters;
  const q = filters.get("q");
  const search = useCallback((typed: string) => set({ q: typed }), [set]);
  const query = { ...(q !== "" && { [fieldOf(q)]: q }), cursor: filters.get("cursor"), limit: 50 };
  const people = useQuery({
    queryKey: ["people", "list", query],
    queryFn: ({ signal }) => get<ApiPage<Person>>(withQuery("/api/identities", query), signal),
    placeholderData: keepPreviousData,
  });
  const { items = [], next_cursor } = people.data ?? {};
  return (
    <Page title="People">
      <div className="stack">
        <search>
          <SearchField
            label="Search"
            value={q}
            placeholder="E-mail, phone or full name, exactly"
            onChange={search}
          />
        </search>
        {people.error && <ProblemNotice problem={people.error} />}
        <Card flush>
          {people.isPending && !people.error ? (
            <Loading />
          ) : items.length === 0 ? (
            <Empty title={q === "" ? "Nobody is known yet" : "Nobody is known by that"}>
              {q === "" ? (
                <p>Whoever a lead is about appears here.</p>
              ) : (
                <Button onClick={filters.clear}>Clear search</Button>
              )}
            </Empty>
          ) : (
            <Table people={items} />
          )}
        </Card>
        <Pager filters={filters} next={next_cursor} />
      </div>
    </Page>
  );
}

function Table({ people }: { readonly people: readonly Person[] }) {
  const mayForget = useSession().may("identities.change");
  const [forgetting, setForgetting] = useState<Person>();
  return (
    <>
      <DataTable
        rows={people}
        keyOf={({ id }) => id}
        columns={[
          {
            name: "Person",
            cell: (person) => (
              <Link href={`/identities/${person.id}`} id={`person-${person.id}`}>
                {nameOf(person)}
              </Link>
            ),
          },
          {
            name: "E-mail",
            className: "break",
            cell: ({ email }) => email ?? <span className="muted">none</span>,
          },
          { name: "Phone", cell: ({ phone }) => phone ?? <span className="muted">none</span> },
          { name: "Aliases", isNumber: true, cell: ({ aliases }) => numbers.format(aliases.length) },
          {
            name: "Leads",
            isNumber: true,
            cell: ({ id, lead_count }) => (
              <Link href={`/leads?person_id=${id}`}>{numbers.format(lead_count)}</Link>
            ),
          },
          mayForget &&
            actions((person: Person) => (
              <Button
                size="small"
                kind="danger"
                aria-describedby={`person-${person.id}`}
                onClick={() => setForgetting(person)}
              >
                Forget
              </Button>
            )),
        ]}
      />
      {forgetting && <Forget person={forgetting} onClose={() => setForgetting(undefined)} />}
    </>
  );
}
