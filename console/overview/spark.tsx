const WIDTH = 120;
const HEIGHT = 28;

/** The shape of the last hour; the number beside it says how much. */
export function Spark({ series, tone }: { readonly series: readonly number[]; readonly tone: string }) {
  const most = Math.max(1, ...series);
  const step = WIDTH / Math.max(1, series.length - 1);
  const points = series.map(
    (value, n) => `${(n * step).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`,
  );
  return (
    <svg
      className={`spark spark-${tone}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <polyline points={points.join(" ")} />
    </svg>
  );
}
