// Lines over time on a canvas, with the same numbers in a table behind it: the canvas is a picture, the table is for everybody.
import { useEffect, useId, useRef, useState } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { Card } from "../ui/page.tsx";
import type { Series } from "./series.ts";
import "./plot.css";

const HEIGHT = 220;
const COLOURS = 7;

interface Props {
  readonly title: string;
  readonly series: Series;
  readonly format: (value: number) => string;
  readonly bucketName: (at: number) => string;
  readonly empty: string;
}

export function Plot({ title, series, format, bucketName, empty }: Props) {
  return (
    <Card title={title}>
      {series.lines.length === 0 ? (
        <p className="muted plot-empty">{empty}</p>
      ) : (
        <>
          <Legend series={series} />
          <Canvas title={title} series={series} format={format} />
          <Behind title={title} series={series} format={format} bucketName={bucketName} />
        </>
      )}
    </Card>
  );
}

function Legend({ series }: { readonly series: Series }) {
  return (
    <ul className="plot-legend" aria-label="Lines">
      {series.lines.map(({ name }, n) => (
        <li key={name} className="break">
          <svg width="14" height="10" viewBox="0 0 14 10" aria-hidden="true">
            <line x1="1" y1="5" x2="13" y2="5" className={`plot-line plot-line-${n % COLOURS}`} />
          </svg>
          {name.replaceAll("_", " ")}
        </li>
      ))}
    </ul>
  );
}

/** Counts up when the colours of the page change. */
function useScheme(): number {
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const changed = (): void => setChanges((before) => before + 1);
    dark.addEventListener("change", changed);
    return () => dark.removeEventListener("change", changed);
  }, []);
  return changes;
}

function Canvas({ title, series, format }: Pick<Props, "title" | "series" | "format">) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const scheme = useScheme();
  const names = series.lines.map(({ name }) => name).join("\n");
  const drawn = useRef(series);
  drawn.current = series;
  const formatted = useRef(format);
  formatted.current = format;

  // Other lines or colours make another plot; other values only move it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme is read from the page's colours
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new UPlot(
      optionsOf(names.split("\n"), element, (value) => formatted.current(value)),
      dataOf(drawn.current),
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [names, scheme]);

  useEffect(() => {
    plot.current?.setData(dataOf(series));
  }, [series]);

  const count = series.at.length;
  return (
    <div
      ref={place}
      className="plot"
      role="img"
      aria-label={`${title}: ${series.lines.length} ${series.lines.length === 1 ? "line" : "lines"} over ${count} points in time; the table below has the numbers`}
    />
  );
}

const dataOf = ({ at, lines }: Series): UPlot.AlignedData => [
  at.map((ms) => ms / 1000),
  ...lines.map(({ values }) => [...values]),
];

function optionsOf(
  names: readonly string[],
  element: HTMLElement,
  format: (value: number) => string,
): UPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis: UPlot.Axis = {
    stroke: colour("--muted"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.08)] } },
    axes: [axis, { ...axis, size: 58, values: (_plot, splits) => splits.map(format) }],
    series: [
      {},
      ...names.map((label, n) => ({
        label,
        width: 2,
        stroke: colour(`--plot-${n % COLOURS}`),
        points: { size: 5 },
        spanGaps: true,
      })),
    ],
  };
}

/** Only what there was something in: a month of empty hours is not worth reading. */
function Behind({ title, series, format, bucketName }: Omit<Props, "empty">) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const rows = series.at
    .map((at, n) => ({ at, values: series.lines.map(({ values }) => values[n] ?? null) }))
    .filter(({ values }) => values.some((value) => value !== null && value !== 0))
    .reverse();
  return (
    <details className="plot-behind" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Table</summary>
      {isOpen && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <section className="table-scroll plot-table" tabIndex={0} aria-labelledby={id}>
          <table className="table">
            <caption id={id} className="visually-hidden">
              {title}
            </caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {series.lines.map(({ name }) => (
                  <th key={name} scope="col" className="number">
                    {name.replaceAll("_", " ")}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ at, values }) => (
                <tr key={at}>
                  <th scope="row">{bucketName(at)}</th>
                  {values.map((value, n) => (
                    <td key={series.lines[n]?.name} className="number">
                      {value === null ? "" : format(value)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {rows.length === 0 && <p className="muted plot-empty">All of them are zero.</p>}
        </section>
      )}
    </details>
  );
}
