// Who is known: found by an e-mail, a phone or a name, exactly.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { Link } from "wouter";
import type { Page as ApiPage, Person } from "../api/admin-shapes.ts";
import { get, withQuery } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
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
      <table className="table table-cards">
        <thead>
          <tr>
            <th scope="col">Person</th>
            <th scope="col">E-mail</th>
            <th scope="col">Phone</th>
            <th scope="col" className="number">
              Aliases
            </th>
            <th scope="col" className="number">
              Leads
            </th>
            {mayForget && (
              <th scope="col">
                <span className="visually-hidden">What can be done</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {people.map((person) => (
            <tr key={person.id}>
              <th scope="row" className="break">
                <Link href={`/identities/${person.id}`} id={`person-${person.id}`}>
                  {nameOf(person)}
                </Link>
              </th>
              <td data-label="E-mail" className="break">
                {person.email ?? <span className="muted">none</span>}
              </td>
              <td data-label="Phone">{person.phone ?? <span className="muted">none</span>}</td>
              <td data-label="Aliases" className="number">
                {numbers.format(person.aliases.length)}
              </td>
              <td data-label="Leads" className="number">
                <Link href={`/leads?person_id=${person.id}`}>{numbers.format(person.lead_count)}</Link>
              </td>
              {mayForget && (
                <td className="row-buttons">
                  <Button
                    size="small"
                    kind="danger"
                    aria-describedby={`person-${person.id}`}
                    onClick={() => setForgetting(person)}
                  >
                    Forget
                  </Button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {forgetting && <Forget person={forgetting} onClose={() => setForgetting(undefined)} />}
    </>
  );
}
