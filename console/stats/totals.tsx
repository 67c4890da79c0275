import { Link } from "wouter";
import type { StatsItem } from "../api/queries.ts";
import { Card, numbers } from "../ui/page.tsx";
import { worded } from "../ui/words.ts";
import { type dimensions, dimensions as names } from "./filter.ts";
import { keyOf, keysOf, NO_KEY, outcomes } from "./series.ts";

const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const COUNTS = ["received", ...outcomes] as const;

interface Props {
  readonly items: readonly StatsItem[];
  readonly by: keyof typeof dimensions;
}

/** What each key had over the whole time. */
export function Totals({ items, by }: Props) {
  const rows = keysOf(items).map((key) => {
    const own = items.filter((item) => keyOf(item) === key);
    const sum = (field: (typeof COUNTS)[number] | "revenue"): number =>
      own.reduce((all, item) => all + item[field], 0);
    return { key, counts: COUNTS.map((field) => ({ field, count: sum(field) })), revenue: sum("revenue") };
  });
  return (
    <Card title={`Totals by ${names[by].toLowerCase()}`} flush>
      <table className="table table-cards">
        <thead>
          <tr>
            <th scope="col">{names[by]}</th>
            {COUNTS.map((field) => (
              <th key={field} scope="col" className="number">
                {capital(worded(field))}
              </th>
            ))}
            <th scope="col" className="number">
              Revenue
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, counts, revenue }) => (
            <tr key={key}>
              <th scope="row" className="break">
                {key === NO_KEY ? (
                  <span className="muted">none</span>
                ) : (
                  <Link href={`/leads?${new URLSearchParams({ [by]: key })}`}>{key}</Link>
                )}
              </th>
              {counts.map(({ field, count }) => (
                <td key={field} className="number" data-label={capital(worded(field))}>
                  {numbers.format(count)}
                </td>
              ))}
              <td className="number" data-label="Revenue">
                {money.format(revenue)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
