// How many came, what became of them, how long it took and what it brought; over a time, by one of five keys.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { get, withQuery } from "../api/client.ts";
import type { StatsItem } from "../api/queries.ts";
import { Select } from "../ui/field.tsx";
import { type Filters, useFilters } from "../ui/filters.ts";
import { MomentFilter } from "../ui/moment-filter.tsx";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers, Page } from "../ui/page.tsx";
import { buckets, clocks, dimensions, periods, type StatsFilter, statsFilter } from "./filter.ts";
import { Plot } from "./plot.tsx";
import { bucketsOf, countsByKey, outcomesOf, quantileByKey } from "./series.ts";
import { Totals } from "./totals.tsx";

const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const minutely = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const daily = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });

const duration = (ms: number): string =>
  ms < 1_000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1_000).toFixed(1)} s`
      : `${(ms / 60_000).toFixed(1)} min`;

function useStats(filters: Filters) {
  const chosen = ["period", "from", "to", "bucket", "by", "clock"].map((name) => filters.get(name));
  return useQuery({
    queryKey: ["stats", "screen", ...chosen],
    placeholderData: keepPreviousData,
    // A lead that comes tells of itself by the stream; time that passes does not.
    refetchInterval: 15_000,
    queryFn: async ({ signal }) => {
      const filter = statsFilter(filters);
      const { bucket, by, clock } = filter;
      const [from, to] = [new Date(filter.from).toISOString(), new Date(filter.to).toISOString()];
      const path = withQuery("/api/stats", { from, to, bucket, by, clock });
      return { filter, items: (await get<{ readonly items: readonly StatsItem[] }>(path, signal)).items };
    },
  });
}

export default function Statistics() {
  const filters = useFilters();
  const stats = useStats(filters);
  return (
    <Page title="Statistics">
      <div className="stack">
        <Filtering filters={filters} />
        {stats.error && <ProblemNotice problem={stats.error} />}
        {stats.isPending && !stats.error && <Loading />}
        {stats.data &&
          (stats.data.items.length === 0 ? (
            <Card flush>
              <Empty title="Nothing came in this time">
                <p>Choose another period, or send a lead on the screen Sources.</p>
              </Empty>
            </Card>
          ) : (
            <Found {...stats.data} />
          ))}
      </div>
    </Page>
  );
}

function Found({ items, filter }: { readonly items: readonly StatsItem[]; readonly filter: StatsFilter }) {
  const all = useMemo(() => {
    const at = bucketsOf(filter);
    return {
      received: countsByKey(items, at, "received"),
      outcomes: outcomesOf(items, at),
      slow: quantileByKey(items, at, "p99_ms"),
      usual: quantileByKey(items, at, "p50_ms"),
      revenue: countsByKey(items, at, "revenue"),
    };
  }, [items, filter]);
  const by = dimensions[filter.by].toLowerCase();
  const bucketName = (at: number): string => (filter.bucket === "day" ? daily : minutely).format(at);
  const count = { format: (value: number) => numbers.format(value), bucketName };
  const time = { format: duration, bucketName, empty: "None of them has ended yet." };
  const hasRevenue = items.some(({ revenue }) => revenue !== 0);
  return (
    <>
      <Totals items={items} by={filter.by} />
      <div className="stats-plots">
        <Plot title={`Received by ${by}`} series={all.received} empty="Nothing was received." {...count} />
        <Plot
          title="What became of them"
          series={all.outcomes}
          empty="None of them has ended yet."
          {...count}
        />
        <Plot title={`Half took less than (p50), by ${by}`} series={all.usual} {...time} />
        <Plot title={`99 of 100 took less than (p99), by ${by}`} series={all.slow} {...time} />
        {hasRevenue && (
          <Plot
            title={`Revenue by ${by}`}
            series={all.revenue}
            format={(value) => money.format(value)}
            bucketName={bucketName}
            empty="Nothing was paid."
          />
        )}
      </div>
    </>
  );
}

function Filtering({ filters }: { readonly filters: Filters }) {
  const { set } = filters;
  const chosen = statsFilter(filters);
  const choice = (label: string, name: string, options: Readonly<Record<string, string>>, value: string) => (
    <Select label={label} value={value} onChange={({ target }) => set({ [name]: target.value })}>
      {Object.entries(options).map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </Select>
  );
  return (
    <search className="filters stats-filters">
      <Select
        label="Period"
        value={chosen.period}
        onChange={({ target }) => set({ period: target.value, from: "", to: "", bucket: "" })}
      >
        {chosen.period === "" && <option value="">From … to …</option>}
        {Object.entries(periods).map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </Select>
      <MomentFilter label="From" name="from" filters={filters} />
      <MomentFilter label="To" name="to" filters={filters} />
      {choice("Bucket", "bucket", buckets, chosen.bucket)}
      {choice("By", "by", dimensions, chosen.by)}
      {choice("Count when", "clock", clocks, chosen.clock)}
    </search>
  );
}
