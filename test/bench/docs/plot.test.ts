import { suite } from "uvu";
import * as assert from "uvu/assert";
import { linePlot, ticksUpTo } from "./plot.ts";

const test = suite("Line plots");

const plot = {
  title: "Costs <of> a submission",
  xLabel: "million submissions",
  yLabel: "CPU s per 1,000",
  series: [
    {
      name: "worker",
      points: [
        [1, 0.8],
        [2, Number.NaN],
        [5, 0.9],
      ] as [number, number][],
    },
    {
      name: "PostgreSQL & its WAL",
      points: [
        [1, 0.3],
        [5, 0.5],
      ] as [number, number][],
      dashed: true,
    },
  ],
};

test("ticks begin at 0 and reach the largest value in round steps", () => {
  assert.equal(ticksUpTo(5), [0, 1, 2, 3, 4, 5]);
  assert.equal(ticksUpTo(0.9), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.equal(ticksUpTo(130), [0, 50, 100, 150]);
  assert.equal(ticksUpTo(0), [0, 1]);
  for (const max of [0.0013, 7, 42.5, 999, 123_456]) {
    const ticks = ticksUpTo(max);
    assert.ok((ticks.at(-1) ?? 0) >= max && ticks.length <= 7, `${max}: ${ticks}`);
  }
});

test("axes have their labels, and each line its name", () => {
  const svg = linePlot(plot);
  for (const shown of ["million submissions", "CPU s per 1,000", "worker", "PostgreSQL &amp; its WAL"])
    assert.ok(svg.includes(`>${shown}</text>`), shown);
  assert.ok(svg.includes("Costs &lt;of&gt; a submission"));
  assert.ok(svg.includes('class="s1 dashed"'));
});

test("a value that is no number is left out", () => {
  const svg = linePlot(plot);
  assert.not.match(svg, "NaN");
  const [, worker = ""] = /class="s0" points="([^"]*)"/.exec(svg) ?? [];
  assert.is(worker.split(" ").length, 2);
});

test("a point lies where its values say", () => {
  const svg = linePlot({
    ...plot,
    series: [
      {
        name: "one",
        points: [
          [0, 0],
          [5, 1],
        ],
      },
    ],
  });
  // The corners of the plot: the origin, and the ends of both axes.
  assert.match(svg, 'points="70,348 570,40"');
});

test("it is readable on a dark page, and small with many points", () => {
  const points = Array.from({ length: 110 }, (_, n): [number, number] => [n / 20, 1 + Math.sin(n)]);
  const svg = linePlot({ ...plot, series: "abcdefgh".split("").map((name) => ({ name, points })) });
  assert.match(svg, "prefers-color-scheme:dark");
  assert.ok(svg.length < 30_000, `${svg.length} bytes`);
});

test.run();
