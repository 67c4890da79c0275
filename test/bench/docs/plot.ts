// A line plot as an SVG of its own: no script, no font, and colours for a light and a dark page.

export interface Series {
  readonly name: string;
  /** Those that are no numbers are left out. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dashed?: boolean;
}

export interface Plot {
  readonly title: string;
  /** With the unit. */
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const [WIDTH, HEIGHT] = [820, 400];
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 250, 40, 52];
const INNER_WIDTH = WIDTH - LEFT - RIGHT;
const INNER_HEIGHT = HEIGHT - TOP - BOTTOM;
const TICKS = 5;
const LEGEND_LINE = 20;
/** Told apart by people with any colour vision. */
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#a0457f", "#b07d00", "#3f7fb5", "#1f2328", "#7a4a1e"];
const DARK = ["#56b4e9", "#ff8c42", "#2fd3a2", "#e59cc6", "#e6b325", "#8fc7ff", "#e6edf3", "#d0a37a"];

const STYLE = [
  "text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}",
  ".page{fill:#fff}.grid{stroke:#d1d9e0}polyline{fill:none;stroke-width:2}.dashed{stroke-dasharray:6 4}",
  ...LIGHT.map((colour, n) => `.s${n}{stroke:${colour}}.f${n}{fill:${colour}}`),
  "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}.grid{stroke:#3d444d}",
  ...DARK.map((colour, n) => `.s${n}{stroke:${colour}}.f${n}{fill:${colour}}`),
  "}",
].join("");

export function linePlot({ title, xLabel, yLabel, series }: Plot): string {
  const shown = series.map((one) => ({
    ...one,
    points: one.points.filter((point) => point.every(Number.isFinite)),
  }));
  const all = shown.flatMap(({ points }) => points);
  const [xTicks, yTicks] = [ticksUpTo(maxOf(all.map(([x]) => x))), ticksUpTo(maxOf(all.map(([, y]) => y)))];
  const [xEnd, yEnd] = [xTicks.at(-1) ?? 1, yTicks.at(-1) ?? 1];
  const xOf = (x: number): number => LEFT + (x / xEnd) * INNER_WIDTH;
  const yOf = (y: number): number => TOP + INNER_HEIGHT - (y / yEnd) * INNER_HEIGHT;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}</style><rect class="page" width="${WIDTH}" height="${HEIGHT}"/>`,
    text(LEFT, 24, title, 'class="title"'),
    ...yTicks.map((tick) => {
      const y = short(yOf(tick));
      const line = `<line class="grid" x1="${LEFT}" y1="${y}" x2="${LEFT + INNER_WIDTH}" y2="${y}"/>`;
      return line + text(LEFT - 8, Number(y) + 4, label(tick), 'text-anchor="end"');
    }),
    ...xTicks.map((tick) => text(xOf(tick), TOP + INNER_HEIGHT + 18, label(tick), 'text-anchor="middle"')),
    text(LEFT + INNER_WIDTH / 2, HEIGHT - 12, xLabel, 'text-anchor="middle"'),
    text(
      0,
      0,
      yLabel,
      `text-anchor="middle" transform="translate(18 ${TOP + INNER_HEIGHT / 2}) rotate(-90)"`,
    ),
  ];
  const lastOf = ({ points }: Series): number => points.at(-1)?.[1] ?? 0;
  // From the top, in the order in which the lines end.
  const order = shown.toSorted((a, b) => lastOf(b) - lastOf(a));
  shown.forEach((one, n) => {
    const colour = n % LIGHT.length;
    const points = one.points.map(([x, y]) => `${short(xOf(x))},${short(yOf(y))}`);
    // Colours are used again, then dashed.
    const kind = `s${colour}${one.dashed || n >= LIGHT.length ? " dashed" : ""}`;
    lines.push(`<polyline class="${kind}" points="${points.join(" ")}"/>`);
    if (points.length <= MAX_DOTS)
      for (const [x, y] of one.points)
        lines.push(`<circle class="f${colour}" cx="${short(xOf(x))}" cy="${short(yOf(y))}" r="3"/>`);
    const row = TOP + 6 + order.indexOf(one) * LEGEND_LINE;
    const from = WIDTH - RIGHT + 16;
    lines.push(`<polyline class="${kind}" points="${from},${row} ${from + 24},${row}"/>`);
    lines.push(text(from + 30, row + 4, one.name));
  });
  return `${lines.join("\n")}\n</svg>\n`;
}

/** With more of them they hide the line. */
const MAX_DOTS = 12;

/** From 0 in steps that people count in, to the first that is not below the value. */
export function ticksUpTo(max: number): number[] {
  if (!(max > 0)) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(max / TICKS));
  const step = power * ([1, 2, 5].find((factor) => power * factor * TICKS >= max) ?? 10);
  const count = Math.ceil(max / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, n) => Number((n * step).toPrecision(12)));
}

const maxOf = (values: readonly number[]): number =>
  values.reduce((largest, value) => Math.max(largest, value), 0);

const short = (value: number): string => String(Math.round(value * 10) / 10);

const label = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 6 });

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${short(x)}" y="${short(y)}" ${attributes}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
